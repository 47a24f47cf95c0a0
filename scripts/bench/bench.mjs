// `make bench`: whole processes over one generated capture and, as root, over real traffic, beside the tools that people
// use for the same job. Medians of interleaved runs, output to /dev/null; the tables go to stdout and into
// docs/performance.md. It fails when a flow record is not, byte for byte, what it is without any short cut.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { generate } from './generate.mjs'
import { benchLists } from './list.mjs'
import { benchLiveView } from './live.mjs'
import { captureLoopback } from './loopback.mjs'
import { median } from './median.mjs'
import { benchOverhead } from './overhead.mjs'
import { benchReplay } from './replay.mjs'

const RUNS = 5
const PACKETS = 2_000_000
/** Of real traffic: until there are as many packets as in the generated capture, but not longer. */
const REAL_SECONDS = 30
const socktrace = 'bin/socktrace'
const capture = 'build/bench.pcap'
const real = 'build/bench-real.pcap'
const realHeaders = 'build/bench-real-headers.pcap'
const page = 'docs/performance.md'
const BEGIN = '<!-- bench: begin -->'
const END = '<!-- bench: end -->'

/** Name, program and arguments. */
const commandsOver = (path) => [
  ['socktrace read --summary --json', 'bin/socktrace', 'read', '--summary', '--json', path],
  ['socktrace read --flows --json', 'bin/socktrace', 'read', '--flows', '--json', path],
  ['socktrace read --events --json', 'bin/socktrace', 'read', '--events', '--json', path],
  ['capinfos -c', 'capinfos', '-c', path],
  ['tcpdump -nn -r', 'tcpdump', '-nn', '-r', path],
  ['tcptrace -n', 'tcptrace', '-n', path],
  ['tcptrace -nl', 'tcptrace', '-nl', path],
  ['tshark -q -z conv,tcp', 'tshark', '-n', '-q', '-z', 'conv,tcp', '-r', path],
]
/** Over real traffic these two, minutes in all, are left out. */
const SLOW = ['tcpdump -nn -r', 'tshark -q -z conv,tcp']

/** What a command costs before it does anything: Node alone, then the program. */
const starts = [
  ['node -e 0', 'node', '-e', '0'],
  ['socktrace --version', 'bin/socktrace', '--version'],
  ['socktrace devices', 'bin/socktrace', 'devices'],
  ['socktrace list', 'bin/socktrace', 'list'],
]
const STARTS = 15

const isRoot = process.getuid() === 0
mkdirSync('build', { recursive: true })
const { flows, bytes } = generate(capture, PACKETS)
console.log(`${capture}: ${PACKETS} packets, ${flows} flows, ${(bytes / 1e6).toFixed(0)} MB`)
checkAgainstStages(capture)

const nowhere = openSync('/dev/null', 'w')
const startSeconds = measure(starts, STARTS)
const table = [
  `${PACKETS.toLocaleString('en')} packets in ${flows.toLocaleString('en')} TCP connections, ` +
    `${(bytes / 1e6).toFixed(0)} MB; ${facts()}.`,
  '',
  ...fileTable(commandsOver(capture), RUNS, PACKETS, eventsIn(capture)),
  '',
  `| start-up | median of ${STARTS}, ms | more than Node alone, ms |`,
  '|---|---:|---:|',
  ...startRows(),
  // Namespaces need root.
  ...(isRoot
    ? [
        '',
        ...(await realTraffic()),
        '',
        ...(await benchReplay(capture)),
        '',
        ...(await benchLists()),
        '',
        ...(await benchLiveView()),
        '',
        ...(await benchOverhead()),
      ]
    : []),
].join('\n')
console.log(table)
writePage()

/** The lines of a Markdown table, and what follows from it. */
function fileTable(commands, runs, packets, events) {
  const seconds = measure(commands, runs)
  const reference = median(seconds.get('capinfos -c'))
  const summary = median(seconds.get('socktrace read --summary --json'))
  const perSecond = Math.round(events / median(seconds.get('socktrace read --events --json')) / 1000) * 1000
  const others = ['tcptrace -n', 'tcptrace -nl', 'tshark -q -z conv,tcp'].filter((name) => seconds.has(name))
  const shares = others.map((name) => `${(summary / median(seconds.get(name))).toFixed(3)} of \`${name}\``)
  return [
    `| whole process | median of ${runs}, s | M packets/s | time ÷ \`capinfos -c\` |`,
    '|---|---:|---:|---:|',
    ...commands.map(([name]) => {
      const taken = median(seconds.get(name))
      const rate = packets / taken / 1e6
      return `| \`${name}\` | ${taken.toFixed(2)} | ${rate.toFixed(2)} | ${(taken / reference).toFixed(2)} |`
    }),
    '',
    `The summary takes ${shares.join(', ')}. Of events there are ${events.toLocaleString('en')}, ` +
      `${perSecond.toLocaleString('en')} a second.`,
  ]
}

/** How many lines `--events` has. */
function eventsIn(path) {
  const count = ['-o', 'pipefail', '-c', '"$0" read --events --json "$1" | wc -l', socktrace, path]
  return Number(execFileSync('bash', count, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

/** The same over what really passed the loopback interface, whole and cut to its headers. */
async function realTraffic() {
  const { packets, bytes: size } = await captureLoopback(real, realHeaders, PACKETS, REAL_SECONDS)
  const whole = checkAgainstStages(real)
  if (checkAgainstStages(realHeaders) !== whole)
    fail('the records of whole packets and of their headers differ')
  const lines = [real, realHeaders].flatMap((path, i) => [
    i === 0
      ? `Real traffic over loopback, captured whole: ${packets.toLocaleString('en')} packets, ${(size / 1e6).toFixed(0)} MB.`
      : 'The same, of every packet only the headers kept.',
    '',
    ...fileTable(
      commandsOver(path).filter(([name]) => !SLOW.includes(name)),
      RUNS,
      packets,
      eventsIn(path),
    ),
    '',
  ])
  rmSync(real)
  rmSync(realHeaders)
  return lines.slice(0, -1)
}

/**
 * Every statistic is computed: the flow records are those of a run in which each packet goes through all stages.
 * Returns their SHA-256.
 */
function checkAgainstStages(path) {
  const output = execFileSync(socktrace, ['read', '--flows', '--json', path], { maxBuffer: 2 ** 31 })
  const records = createHash('sha256').update(output).digest('hex')
  const stages = execFileSync('node', ['--import', 'tsx', 'scripts/bench/slow-path.ts', path], {
    encoding: 'utf8',
  })
  if (stages.trim() !== records) fail(`${path}: the flow records are not those that all stages give`)
  console.log(`${path}: the flow records are those that all stages give (${records.slice(0, 12)})`)
  return records
}

function fail(reason) {
  console.error(`make bench: ${reason}`)
  process.exit(1)
}

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
