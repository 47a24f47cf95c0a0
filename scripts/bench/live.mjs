// The live view beside its budget: processor, memory, how long a key and the first frame take, with 10 000 established
// connections and 1 000 packets a second in a network namespace of its own. Needs root, and `script`.
//   node scripts/bench/live.mjs [SECONDS [SAMPLE-EVERY [FILE]]]   with samples, and what was written last in FILE
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const CONNECTIONS = 5000
const PACKETS = 1000
/** New connections a second, among those packets; the last pace is a flood, for which there is no budget. */
const PACES = [10, 50, 2000]
/** Of a connection of its own (talk.mjs). */
const PACKETS_EACH = 10
const NAMESPACE = `skw-${process.pid}`
const COLUMNS = 160
const ROWS = 50
const SETTLE = 8
const KEYS = 40
const TICKS = 100
const REDRAW_MS = 500
const holder = new URL('connections.mjs', import.meta.url).pathname
const talker = new URL('talk.mjs', import.meta.url).pathname

/** The lines of a Markdown table. */
export async function benchLiveView(seconds = 20) {
  const runs = []
  for (const pace of PACES) runs.push(await measure(seconds, pace))
  const row = (name, text, budget) => `| ${name} | ${runs.map(text).join(' | ')} | ${budget} |`
  return [
    `The live view at ${COLUMNS}×${ROWS} for ${seconds} s with ${(2 * CONNECTIONS).toLocaleString('en')} sockets and ` +
      `${PACKETS.toLocaleString('en')} packets a second.`,
    '',
    `| live view | ${PACES.map((pace) => `${pace} new connections a second`).join(' | ')} | budget |`,
    `|---|${PACES.map(() => '---:|').join('')}---:|`,
    row('packets a second', ({ packets }) => packets.toLocaleString('en'), ''),
    row('processor, % of a core', ({ cpu }) => cpu.toFixed(1), 8),
    row('peak memory, MB', ({ peak }) => peak.toFixed(0), 150),
    row('of the last, its own share (PSS), MB', ({ own }) => own.toFixed(0), ''),
    row('first frame with its sockets, ms', ({ first }) => first.toFixed(0), 300),
    row('a key, median, ms', ({ keys }) => keys[keys.length >> 1].toFixed(0), 50),
    row(`the slowest of ${KEYS} keys, ms`, ({ keys }) => keys.at(-1).toFixed(0), 50),
    row('frames a second', ({ frames }) => frames.toFixed(1), 10),
    row('KB/s written', ({ bytes }) => (bytes / 1000).toFixed(1), ''),
  ]
}

/** Runs the view under the load; `sampled` is told seconds, % of a core since last time, MB. */
export async function measure(seconds, pace, sampled = () => {}, every = 30) {
  run('ip', ['netns', 'add', NAMESPACE])
  const children = []
  const start = (program, ...args) => {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  try {
    run('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up'])
    run('ip', [
      'netns',
      'exec',
      NAMESPACE,
      'sh',
      '-c',
      'echo 12000 65535 > /proc/sys/net/ipv4/ip_local_port_range',
    ])
    await ready(start('node', holder, String(CONNECTIONS), '10000'))
    const packets = Math.max(PACKETS, pace * PACKETS_EACH + PACKETS / 2)
    const talk = start('node', talker, String(packets), String(pace))
    await ready(talk)
    return { packets, ...(await watch(start, seconds, sampled, every)) }
  } finally {
    for (const child of children) child.kill('SIGTERM')
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
    run('ip', ['netns', 'delete', NAMESPACE])
  }
}

async function watch(start, seconds, sampled, every) {
  const started = performance.now()
  // A terminal of this size; what is written to it comes here.
  const view = start('script', '-qfec', `stty cols ${COLUMNS} rows ${ROWS}; exec bin/socktrace`, '/dev/null')
  let text = ''
  let bytes = 0
  let frames = 0
  let first
  let waiting
  view.stdout.setEncoding('latin1')
  view.stdout.on('data', (chunk) => {
    bytes += chunk.length
    frames += chunk.split('\u001b[?2026l').length - 1
    text = (text + chunk).slice(-200_000)
    if (first === undefined && /\d+ ESTABLISHED/.test(text)) first = performance.now() - started
    if (waiting?.holds(chunk)) waiting.resolve()
  })
  await pause(SETTLE * 1000)
  if (first === undefined) throw new Error('The live view showed no sockets')
  const pid = pidOf(view.pid)
  const begun = { time: performance.now(), ticks: ticksOf(pid), bytes, frames }
  let before = begun
  let slept = 0
  while (slept < seconds) {
    const step = Math.min(every, seconds - slept)
    await pause(step * 1000)
    slept += step
    const now = { time: performance.now(), ticks: ticksOf(pid) }
    sampled(slept, share(before, now), memoryOf(pid).now)
    before = now
  }
  const ended = { time: performance.now(), ticks: ticksOf(pid) }
  const [written, drawn] = [bytes - begun.bytes, frames - begun.frames]
  const keys = []
  for (let at = 0; at < KEYS; at++) {
    await pause(70 + ((at * 37) % 60))
    const pressed = performance.now()
    // The selected line's reverse video moves with every key.
    const seen = new Promise((resolve) => {
      waiting = { holds: (chunk) => chunk.includes('\u001b[7m'), resolve }
    })
    view.stdin.write('j')
    await seen
    keys.push(performance.now() - pressed)
  }
  // The whole screen once more.
  text = ''
  view.stdin.write('\f')
  await pause(REDRAW_MS)
  const passed = (ended.time - begun.time) / 1000
  const result = {
    first,
    cpu: share(begun, ended),
    peak: memoryOf(pid).peak,
    own: memoryOf(pid).own,
    keys: keys.sort((a, b) => a - b),
    frames: drawn / passed,
    bytes: written / passed,
    text,
  }
  view.stdin.write('q')
  await Promise.race([once(view, 'exit'), pause(3000, undefined, { ref: false })])
  return result
}

function share(from, to) {
  return ((to.ticks - from.ticks) / TICKS / ((to.time - from.time) / 1000)) * 100
}

/** The process that has taken the place of the shell below `script`. */
function pidOf(parent) {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const { ppid } = statOf(name)
      if (ppid !== parent) continue
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1')
      return command.includes('script') ? pidOf(Number(name)) : Number(name)
    } catch {
      // Ended meanwhile.
    }
  }
  throw new Error('The live view does not run')
}

function statOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return { ppid: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

function ticksOf(pid) {
  return statOf(pid).ticks
}

function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1000
  // Node's own pages are counted in full in the resident set of each process that runs it.
  const shares = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const own = Number(/^Pss:\s+(\d+)/m.exec(shares)?.[1]) / 1000
  return { now: mb('VmRSS'), peak: mb('VmHWM'), own }
}

async function ready(child) {
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  if (!String(said).includes('ready')) throw new Error('The load cannot be made')
}

function run(program, args) {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [seconds = 20, every] = process.argv.slice(2, 4).map(Number)
  const screen = process.argv[4]
  if (every === undefined) console.log((await benchLiveView(seconds)).join('\n'))
  else {
    console.log('| s | % of a core | MB |\n|---:|---:|---:|')
    const { peak, text } = await measure(
      seconds,
      PACES[0],
      (at, cpu, mb) => console.log(`| ${at} | ${cpu.toFixed(1)} | ${mb.toFixed(0)} |`),
      every,
    )
    console.log(`peak ${peak.toFixed(0)} MB`)
    if (screen !== undefined) writeFileSync(screen, text, 'latin1')
  }
}
