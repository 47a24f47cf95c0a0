// What watching costs those who are watched: wrk against nginx over loopback in a network namespace of its own, with
// one watcher after the other beside it. Needs root. Alone: `node scripts/bench/overhead.mjs`.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { median } from './median.mjs'

/** Odd, so that the medians were measured. */
const TURNS = 5
/** Each, watched or not: as short as the machine's own speed changes, so that both of a pair have the same. */
const SECONDS = 1
/** Of these first seconds nothing is counted: JavaScript is compiled as it runs, and who watches does so for hours. */
const WARM_UP = 3
/** For what is on its way when a watcher has ended. */
const SETTLE = 0.2
const PORT = 8088
const NETNS = `sko-bench-${process.pid}`

const kernelPlane = (state) => ['node', '--import', 'tsx', 'scripts/bench/kernel-plane.ts', state]
const watchers = [
  { name: 'the kernel plane, every change of state', command: kernelPlane('all') },
  { name: 'the kernel plane, as `--failures` asks for it', command: kernelPlane('failures') },
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
    const turns = new Map(loads.map((load) => [load, []]))
    for (let turn = 0; turn < TURNS; turn++)
      for (const load of loads) turns.get(load).push(await under(load, measureAll))
    return [
      `Requests a second that wrk gets out of nginx over loopback while it is watched (both have one thread, 32 ` +
        `connections). In each of ${TURNS} turns one watcher after the other comes to a load that goes on, and is ` +
        `measured for ${SECONDS} s after ${WARM_UP} s that is not counted; the share is of what came unwatched in ` +
        `as long before it and after it. Medians; in brackets the quartiles of the shares.`,
      '',
      `| watched by | ${loads.flatMap(({ name }) => [`${name}, requests/s`, 'of unwatched, %']).join(' | ')} |`,
      `|---|${'---:|'.repeat(2 * loads.length)}`,
      row('nothing', (measured) => median(measured.flatMap(({ unwatched }) => unwatched)), turns),
      ...watchers.map((watcher, index) => {
        const name = watcher.name.includes('plane') ? watcher.name : `\`${watcher.name}\``
        return row(name, (measured) => median(measured.map(({ watched }) => watched[index])), turns, index)
      }),
    ]
  } finally {
    if (nginx !== undefined) await stop(nginx, 'SIGTERM')
    run('ip', ['netns', 'del', NETNS])
    rmSync(folder, { recursive: true })
  }
}

function row(name, rate, turns, index) {
  const cells = loads.flatMap((load) => {
    const measured = turns.get(load)
    return [
      Math.round(rate(measured)).toLocaleString('en'),
      index === undefined ? '' : shareOf(measured, index),
    ]
  })
  return `| ${name} | ${cells.join(' | ')} |`
}

/** Of what came unwatched before and after. */
function shareOf(measured, index) {
  const shares = measured
    .map(({ watched, unwatched }) => (200 * watched[index]) / (unwatched[index] + unwatched[index + 1]))
    .sort((a, b) => a - b)
  const at = (part) => shares[Math.round(part * (shares.length - 1))].toFixed(1)
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`
}

/** One watcher after the other; `unwatched` has one more, before the first and after each. */
async function measureAll() {
  const unwatched = [await rate()]
  const watched = []
  for (const { name, command } of watchers) {
    const watcher = await start(name, command)
    await pause(1000 * WARM_UP)
    watched.push(await rate())
    await stop(watcher, 'SIGINT')
    await pause(1000 * SETTLE)
    unwatched.push(await rate())
  }
  return { watched, unwatched }
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
    return await action()
  } finally {
    wrk.kill()
    await ended
  }
}

/** Requests a second that nginx answers, by its own count. */
async function rate() {
  const before = answered()
  await pause(1000 * SECONDS)
  const after = answered()
  const found = (1000 * (after.requests - before.requests)) / (after.at - before.at)
  if (!(found > 0)) throw new Error(`nginx answered ${after.requests - before.requests} requests`)
  return found
}

/** How many requests nginx has answered, and when that was asked, ms. */
function answered() {
  const { stdout } = inside(['curl', '-s', `http://127.0.0.1:${PORT}/answered`])
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
