// What watching costs those who are watched: wrk against nginx over loopback in a network namespace of its own, with
// one watcher after the other beside it. Needs root. Alone: `node scripts/bench/overhead.mjs`.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { median } from './median.mjs'

/** Of watchers that take long to start. Odd, so that the medians were measured. */
const TURNS = 9
/** Each, watched or not: as short as the machine's own speed changes, so that both of a pair have the same. */
const SECONDS = 1
/** Of these first seconds nothing is counted: JavaScript is compiled as it runs, and who watches does so for hours. */
const WARM_UP = 3
/** For what is on its way when a watcher has ended. */
const SETTLE = 0.2
/** Of a kernel plane, which is switched on and off by itself. */
const PAIRS = 41
/** Several times as long as its reader sleeps. */
const PAIR_MS = 600
const PORT = 8088
const STATUS = `http://127.0.0.1:${PORT}/answered`
const NETNS = `sko-bench-${process.pid}`

const planes = [
  { name: 'the kernel plane, every change of state', state: 'all' },
  { name: 'the kernel plane, as `--failures` asks for it', state: 'failures' },
]
const watchers = [
  {
    name: 'socktrace trace --failures --engine none',
    command: ['bin/socktrace', 'trace', '--failures', '--engine', 'none'],
  },
  { name: 'socktrace trace --failures', command: ['bin/socktrace', 'trace', '--failures'] },
  { name: 'tcpdump -w /dev/null', command: ['tcpdump', '-i', 'any', '-w', '/dev/null', '-Z', 'root'] },
]
const loads = [
  { name: 'keep-alive', options: [] },
  { name: 'a connection for each request', options: ['-H', 'Connection: close'] },
]

/** The lines of a Markdown table. */
export async function benchOverhead() {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-overhead-'))
  run('ip', ['netns', 'add', NETNS])
  let nginx
  try {
    run('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up'])
    inside(['sysctl', '-qw', 'net.ipv4.ip_local_port_range=1024 65535'])
    nginx = await startNginx(folder)
    const columns = []
    for (const load of loads) columns.push(await under(load, measureAll))
    return [
      `Requests a second that wrk gets out of nginx over loopback while it is watched (both have one thread, 32 ` +
        `connections), and its share of what came unwatched just before and just after. A kernel plane is on and off in ` +
        `turn ${PAIRS} times, ${PAIR_MS} ms each; a program comes to a load that goes on ${TURNS} times, and is measured ` +
        `for ${SECONDS} s after ${WARM_UP} s that are not counted. Medians; in brackets the 95 % confidence interval of ` +
        `the median. Processor time is the program's own, in user space and in its own system calls. Each share is of its own ` +
        `neighbours, not of the first row.`,
      '',
      `| watched by | ${loads.flatMap(({ name }) => [`${name}, requests/s`, 'of unwatched, %', 'processor, µs a request']).join(' | ')} |`,
      `|---|${'---:|'.repeat(3 * loads.length)}`,
      row(
        'nothing',
        columns.map((rows) => [median(rows.flatMap(({ pairs }) => pairs.map(([, unwatched]) => unwatched)))]),
      ),
      ...[...planes, ...watchers].map(({ name }, index) =>
        row(
          name.startsWith('the ') ? name : `\`${name}\``,
          columns.map((rows) => figures(rows[index])),
        ),
      ),
    ]
  } finally {
    if (nginx !== undefined) await stop(nginx, 'SIGTERM')
    run('ip', ['netns', 'del', NETNS])
    rmSync(folder, { recursive: true })
  }
}

function row(name, columns) {
  const cells = columns.flatMap(([rate, share, processor]) => [
    Math.round(rate).toLocaleString('en'),
    share ?? '',
    processor?.toFixed(2) ?? '',
  ])
  return `| ${name} | ${cells.join(' | ')} |`
}

/** Rate, share and processor time, µs a request, of the rates watched and unwatched. */
function figures({ pairs, requests, processor }) {
  const shares = pairs.map(([watched, unwatched]) => (100 * watched) / unwatched).sort((a, b) => a - b)
  // Of the median: two standard deviations of the binomial distribution to either side.
  const outside = Math.max(0, Math.floor(shares.length / 2 - Math.sqrt(shares.length)))
  const [low, high] = [shares[outside], shares[shares.length - 1 - outside]]
  const share = `${median(shares).toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
  const perRequest = processor === undefined ? undefined : processor / requests
  return [median(pairs.map(([watched]) => watched)), share, perRequest]
}

/** Of each plane and program what it left of a load that goes on. */
async function measureAll() {
  const measured = planes.map(({ state }) => switched(state))
  const programs = watchers.map(() => ({ pairs: [], requests: 0, processor: 0 }))
  let before = await rate()
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [index, { name, command }] of watchers.entries()) {
      const into = programs[index]
      const watcher = await start(name, command)
      await pause(1000 * WARM_UP)
      const watched = await rate(watcher.pid)
      into.processor += watched.processor
      into.requests += watched.requests
      await stop(watcher, 'SIGINT')
      await pause(1000 * SETTLE)
      const after = await rate()
      into.pairs.push([watched.rate, (before.rate + after.rate) / 2])
      before = after
    }
  }
  return [...measured, ...programs]
}

/** A kernel plane, which asks nginx itself. */
function switched(state) {
  const script = ['--import', 'tsx', 'scripts/bench/kernel-plane.ts']
  const { stdout } = inside(['node', ...script, state, String(PAIRS), String(PAIR_MS), STATUS])
  const { pairs, lost } = JSON.parse(stdout)
  if (lost > 0) console.error(`the kernel plane (${state}) lost ${lost} records`)
  return { pairs }
}

/** Of all threads of a process, µs. */
function processorTime(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .map(
      (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000,
    )
    .reduce((sum, time) => sum + time, 0)
}

/**
 * What `action` gives while wrk loads nginx, which goes on meanwhile: when wrk ends it resets what it still waits for,
 * and judging 32 resets is no part of a healthy load.
 */
async function under({ options }, action) {
  const load = ['wrk', '-t', '1', '-c', '32', '-d', '600s', ...options]
  const wrk = spawn('ip', ['netns', 'exec', NETNS, ...load, `http://127.0.0.1:${PORT}/`], { stdio: 'ignore' })
  const ended = new Promise((resolve) => wrk.once('exit', resolve))
  try {
    await pause(1000 * SETTLE)
    const measured = await action()
    if (wrk.exitCode !== null) throw new Error('wrk ended while it was measured')
    return measured
  } finally {
    wrk.kill()
    await ended
  }
}

/**
 * Requests that nginx answers in a while, by its own count, how many that is a second, and the processor time that a process
 * takes meanwhile, µs.
 */
async function rate(pid) {
  const before = answered()
  const used = pid === undefined ? 0 : processorTime(pid)
  await pause(1000 * SECONDS)
  const processor = pid === undefined ? 0 : processorTime(pid) - used
  const after = answered()
  const requests = after.requests - before.requests
  return { requests, processor, rate: (1000 * requests) / (after.at - before.at) }
}

/** How many requests nginx has answered, and when that was asked, ms. */
function answered() {
  const { stdout } = inside(['curl', '-s', STATUS])
  const [, requests] = /^ \d+ \d+ (\d+)/m.exec(stdout) ?? []
  return { at: performance.now(), requests: Number(requests) }
}

async function startNginx(folder) {
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 1000000;
       server { listen 127.0.0.1:${PORT} backlog=1024; location / { return 200 "${'x'.repeat(512)}"; }
         location /answered { stub_status; } } }`,
  )
  const nginx = spawn('ip', ['netns', 'exec', NETNS, 'nginx', '-p', folder, '-c', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let tries = 0; ; tries++) {
    const { status } = inside(['bash', '-c', `: < /dev/tcp/127.0.0.1/${PORT}`], true)
    if (status === 0) return nginx
    if (tries === 50 || nginx.exitCode !== null) throw new Error('nginx does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Every watcher says on stderr when it listens. */
function start(name, command) {
  const child = spawn('ip', ['netns', 'exec', NETNS, ...command], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} ended: ${said}`)))
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
      if (said.includes('listening ')) resolve(child)
    })
  })
}

async function stop(child, signal) {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

function inside(command, mayFail = false) {
  return run('ip', ['netns', 'exec', NETNS, ...command], mayFail)
}

function run(program, args, mayFail = false) {
  const ran = spawnSync(program, args, { encoding: 'utf8' })
  if (!mayFail && (ran.error || ran.status !== 0))
    throw new Error(`${program} ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`)
  return ran
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log((await benchOverhead()).join('\n'))
