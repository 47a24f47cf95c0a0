// Live capture beside tcpdump: one file is replayed as fast as tcpreplay can over a veth pair between two network
// namespaces of their own, while `trace --summary` and `tcpdump -w /dev/null` watch the other end in turns, with rings
// of the same size. Needs root. Alone: `node scripts/bench/replay.mjs FILE`.
import { spawn, spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { median } from './median.mjs'

const RUNS = 5
const RING_MIB = 32
const PACKETS = 500_000
const SENDER = `socktrace-bench-tx-${process.pid}`
const RECEIVER = `socktrace-bench-rx-${process.pid}`
/** What is still in the ring when the last packet was sent. */
const SETTLE_MS = 1500

const watchers = [
  {
    name: 'socktrace trace --summary',
    command: ['bin/socktrace', 'trace', '--summary', '--json', '-i', 'in', '-B', `${RING_MIB}`],
    counts(stdout) {
      const { packets, dropped_kernel } = JSON.parse(stdout.trim().split('\n').at(-1))
      return { packets, dropped: dropped_kernel }
    },
  },
  {
    name: 'tcpdump -w /dev/null',
    command: ['tcpdump', '-i', 'in', '-w', '/dev/null', '-Z', 'root', '-B', `${RING_MIB * 1024}`],
    counts(_stdout, stderr) {
      const count = (what) => Number(new RegExp(`^(\\d+) packets ${what}`, 'm').exec(stderr)?.[1])
      return { packets: count('captured'), dropped: count('dropped by kernel') }
    },
  },
]

/** The lines of a Markdown table: medians over the runs. */
export async function benchReplay(path) {
  run('ip', ['netns', 'add', SENDER])
  run('ip', ['netns', 'add', RECEIVER])
  try {
    run('ip', ['-n', SENDER, 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', RECEIVER])
    run('ip', ['-n', SENDER, 'link', 'set', 'out', 'up'])
    run('ip', ['-n', RECEIVER, 'link', 'set', 'in', 'up'])
    const results = new Map(watchers.map(({ name }) => [name, []]))
    for (let turn = 0; turn < RUNS; turn++)
      for (const watcher of watchers) results.get(watcher.name).push(await watch(watcher, path))
    return [
      `Packets that tcpreplay sends as fast as it can, watched through a ring of ${RING_MIB} MiB; medians of ${RUNS} ` +
        'runs in turns.',
      '',
      '| live | packets sent/s | captured | dropped by the kernel | dropped, % |',
      '|---|---:|---:|---:|---:|',
      ...watchers.map(({ name }) => row(name, results.get(name))),
    ]
  } finally {
    run('ip', ['netns', 'del', SENDER])
    run('ip', ['netns', 'del', RECEIVER])
  }
}

function row(name, runs) {
  const of = (value) => median(runs.map(value))
  const dropped = of(({ dropped }) => dropped)
  const share = of(({ dropped, packets }) => (100 * dropped) / (dropped + packets))
  const cells = [of(({ rate }) => rate), of(({ packets }) => packets), dropped]
  return `| \`${name}\` | ${cells.map((n) => Math.round(n).toLocaleString('en')).join(' | ')} | ${share.toFixed(2)} |`
}

/** One replay under the eyes of one program. */
async function watch({ command, counts }, path) {
  const child = spawn('ip', ['netns', 'exec', RECEIVER, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    await new Promise((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text
        if (stderr.includes('listening on')) resolve()
      })
      child.once('close', resolve)
    })
    const sent = run('ip', [
      ...['netns', 'exec', SENDER],
      ...['tcpreplay', '--topspeed', '--preload-pcap', '--limit', `${PACKETS}`, '-i', 'out', path],
    ])
    const rate = Number(/([\d.]+) pps/.exec(sent)?.[1])
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    child.kill('SIGINT')
    await ended
    return { rate, ...counts(stdout, stderr) }
  } finally {
    child.kill('SIGKILL')
  }
}

/** What the command printed. */
function run(program, args) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log((await benchReplay(process.argv[2])).join('\n'))
