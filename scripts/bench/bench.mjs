// `make bench`: whole processes over one generated capture, beside the tools that people use for the same job.
// Medians of five interleaved runs, output to /dev/null; the table goes to stdout and into docs/performance.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { generate } from './generate.mjs'
import { benchLists } from './list.mjs'

const RUNS = 5
const PACKETS = 2_000_000
const capture = 'build/bench.pcap'
const page = 'docs/performance.md'
const BEGIN = '<!-- bench: begin -->'
const END = '<!-- bench: end -->'

const commands = [
  ['socktrace read --summary --json', 'bin/socktrace', 'read', '--summary', '--json', capture],
  ['socktrace read --flows --json', 'bin/socktrace', 'read', '--flows', '--json', capture],
  ['socktrace read --events --json', 'bin/socktrace', 'read', '--events', '--json', capture],
  ['capinfos -c', 'capinfos', '-c', capture],
  ['tcpdump -nn -r', 'tcpdump', '-nn', '-r', capture],
  ['tcptrace -n', 'tcptrace', '-n', capture],
  ['tcptrace -nl', 'tcptrace', '-nl', capture],
  ['tshark -q -z conv,tcp', 'tshark', '-n', '-q', '-z', 'conv,tcp', '-r', capture],
]

/** What a command costs before it does anything: Node alone, then the program. */
const starts = [
  ['node -e 0', 'node', '-e', '0'],
  ['socktrace --version', 'bin/socktrace', '--version'],
  ['socktrace devices', 'bin/socktrace', 'devices'],
  ['socktrace list', 'bin/socktrace', 'list'],
]
const STARTS = 15

mkdirSync('build', { recursive: true })
const { flows, bytes } = generate(capture, PACKETS)
console.log(`${capture}: ${PACKETS} packets, ${flows} flows, ${(bytes / 1e6).toFixed(0)} MB`)

const nowhere = openSync('/dev/null', 'w')
const seconds = measure(commands, RUNS)
const startSeconds = measure(starts, STARTS)

const reference = median(seconds.get('capinfos -c'))
const rows = commands.map(([name]) => {
  const taken = median(seconds.get(name))
  const rate = PACKETS / taken / 1e6
  return `| \`${name}\` | ${taken.toFixed(2)} | ${rate.toFixed(2)} | ${(taken / reference).toFixed(2)} |`
})
const table = [
  `${PACKETS.toLocaleString('en')} packets in ${flows.toLocaleString('en')} TCP connections, ` +
    `${(bytes / 1e6).toFixed(0)} MB; ${facts()}.`,
  '',
  '| whole process | median of 5, s | M packets/s | time ÷ `capinfos -c` |',
  '|---|---:|---:|---:|',
  ...rows,
  '',
  `| start-up | median of ${STARTS}, ms | more than Node alone, ms |`,
  '|---|---:|---:|',
  ...startRows(),
  // Namespaces need root.
  ...(process.getuid() === 0 ? ['', ...(await benchLists())] : []),
].join('\n')
console.log(table)
writePage()

/** Seconds of every run of every command by name; the commands take turns, so that a busy moment hits all alike. */
function measure(list, runs) {
  const taken = new Map(list.map(([name]) => [name, []]))
  for (let run = 0; run < runs; run++)
    for (const [name, program, ...args] of list) taken.get(name).push(time(program, args))
  return taken
}

function startRows() {
  const node = median(startSeconds.get('node -e 0')) * 1000
  return starts.map(([name]) => {
    const taken = median(startSeconds.get(name)) * 1000
    return `| \`${name}\` | ${taken.toFixed(0)} | ${(taken - node).toFixed(0)} |`
  })
}

/** Wall-clock seconds of one process. */
function time(program, args) {
  const started = performance.now()
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', nowhere, 'pipe'] })
  const taken = (performance.now() - started) / 1000
  if (error || status !== 0) {
    console.error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
    process.exit(1)
  }
  return taken
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

function facts() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const dirty = git('status', '--porcelain', 'src') === '' ? '' : ' with changes'
  const date = new Date().toISOString().slice(0, 10)
  return `${date}, commit ${git('rev-parse', '--short', 'HEAD')}${dirty}, Node ${process.versions.node}`
}

/** Replaces what stands between the two markers; the words around them are written by hand. */
function writePage() {
  if (!existsSync(page)) return
  const text = readFileSync(page, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${page} has no lines ${BEGIN} … ${END}`)
  writeFileSync(page, `${text.slice(0, begin + BEGIN.length)}\n${table}\n${text.slice(end)}`)
}
