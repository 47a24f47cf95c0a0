// Writes dist/cli/NAME-code.bin for NAME.cjs: `node scripts/code-cache.cjs dist/cli/NAME.cjs CAPTURE`; `read` reads CAPTURE.
// V8 compiles a function when it is first called, so the program is run first, the ways that people wait for; its output is
// thrown away.
const { openSync, writeFileSync } = require('node:fs')
const { basename, resolve } = require('node:path')

const file = resolve(process.argv[2])
const RUNS = {
  'list.cjs': [
    ['list', '-q'],
    ['list', '-q', 'sport = :1 or dport = :1'],
    ['list', '-q', '-tan', '--no-process'],
    ['list', '-q', '-ano', '--color', 'always'],
    ['list', '-q', '-tl', '--json'],
  ],
  // Events, flows and verdicts. As root it gives up its privileges, and it can do so only once.
  'read.cjs': [['read', '-q', '--json', process.argv[3]]],
  // Without a terminal: the listing, and everything that is loaded. Nothing is captured.
  'view.cjs': [['-q', '--engine', 'none', '--duration', '1ms']],
}

async function write() {
  const { script, program } = require(file).load()
  // While there are the privileges to.
  const output = openSync(file.replace(/\.cjs$/, '-code.bin'), 'w')
  for (const run of RUNS[basename(file)]) await program.main(run)
  writeFileSync(output, script.createCachedData())
  process.exitCode = 0
}

void write()
