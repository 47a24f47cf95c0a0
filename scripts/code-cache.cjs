// Writes dist/cli/list-code.bin: `node scripts/code-cache.cjs FOLDER`, FOLDER being where list.cjs is. V8 compiles a
// function when it is first called, so `list` is run first, the ways that people wait for; its output is thrown away.
const { writeFileSync } = require('node:fs')
const { join, resolve } = require('node:path')

const folder = resolve(process.argv[2])
const RUNS = [
  ['list', '-q'],
  ['list', '-q', 'sport = :1 or dport = :1'],
  ['list', '-q', '-tan', '--no-process'],
  ['list', '-q', '-ano', '--color', 'always'],
  ['list', '-q', '-tl', '--json'],
]

async function write() {
  const { script, program } = require(join(folder, 'list.cjs')).load()
  for (const run of RUNS) await program.main(run)
  writeFileSync(join(folder, 'list-code.bin'), script.createCachedData())
  process.exitCode = 0
}

void write()
