// `list` beside ss, netstat and lsof over 25 000, 50 000 and 100 000 established connections, both ends of each in a
// network namespace of its own. Needs root. Alone: `node scripts/bench/list.mjs`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { median } from './median.mjs'

const SIZES = [25_000, 50_000, 100_000]
const RUNS = 5
const NAMESPACE = `socktrace-bench-${process.pid}`
const holder = new URL('connections.mjs', import.meta.url).pathname
const reporter = new URL('peak.cjs', import.meta.url).pathname
const nowhere = openSync('/dev/null', 'w')

/** Both ends of a connection are descriptors of the process that holds it. */
function connectionsPerProcess() {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return Math.floor((Number(limit ?? 20_000) - 200) / 2 / 100) * 100
}

/** Ports that many of the connections have at their one end; `connections.mjs` makes them. */
const BUSY = 10_000

/** `port` is that of one end of one connection. */
function quick(port) {
  const list = (...words) => ['bin/socktrace', 'list', '-q', ...words]
  return [
    ['node -e 0', 'node', '-e', '0'],
    ['ss -tan', 'ss', '-tan'],
    ['socktrace list -tan --no-process', ...list('-tan', '--no-process')],
    ['socktrace list -tanp', ...list('-tanp')],
    ['ss -tan sport = :N, one connection', 'ss', '-tan', `sport = :${port}`],
    ['socktrace list sport = :N, one connection', ...list(`sport = :${port}`)],
    ['… --no-process', ...list(`sport = :${port}`, '--no-process')],
    ['socktrace list sport = :N, a listener with 5,000', ...list(`sport = :${BUSY}`)],
  ]
}

/** Minutes, some of them: once, at the largest size. */
const SLOW = [
  ['ss -tanp', 'ss', '-tanp'],
  ['netstat -tanp', 'netstat', '-tanp'],
  ['lsof -nP -iTCP', 'lsof', '-nP', '-iTCP'],
]

/** The lines of a Markdown table. */
export async function benchLists() {
  run('ip', ['netns', 'add', NAMESPACE])
  const holders = []
  try {
    run('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up'])
    inside('sh', ['-c', 'echo 12000 65535 > /proc/sys/net/ipv4/ip_local_port_range'])
    const columns = []
    let made = 0
    for (const size of SIZES) {
      while (made < size) {
        const count = Math.min(connectionsPerProcess(), size - made)
        holders.push(await hold(count, 10_000 + 10 * holders.length))
        made += count
      }
      columns.push(measure(size === SIZES.at(-1)))
    }
    return table(columns)
  } finally {
    for (const child of holders) child.kill('SIGKILL')
    await Promise.all(holders.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
    run('ip', ['netns', 'delete', NAMESPACE])
  }
}

async function hold(count, port) {
  const child = spawn('ip', ['netns', 'exec', NAMESPACE, 'node', holder, String(count), String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  if (!String(said).includes('ready')) throw new Error('The connections cannot be made')
  return child
}

/** Seconds by command, and peak memory in MB. */
function measure(slowToo) {
  const commands = quick(portOfOne())
  const seconds = new Map()
  for (let round = 0; round < RUNS; round++)
    for (const [name, ...command] of commands)
      seconds.set(name, [...(seconds.get(name) ?? []), time(command)])
  if (slowToo) for (const [name, ...command] of SLOW) seconds.set(name, [time(command)])
  const memory = new Map(
    commands
      .filter(([, program]) => program === 'bin/socktrace')
      .map(([name, ...command]) => [name, peak(command)]),
  )
  return { seconds, memory }
}

/** A port that is one end of one connection and of no other: most have two among 100,000. */
function portOfOne() {
  const { stdout } = spawnSync('ip', ['netns', 'exec', NAMESPACE, 'ss', '-tanH'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const counts = new Map()
  for (const [, port] of stdout.matchAll(/^\S+ +\d+ +\d+ +\S+:(\d+)/gm))
    counts.set(port, 1 + (counts.get(port) ?? 0))
  const alone = [...counts.keys()].filter((port) => counts.get(port) === 1)
  return alone[alone.length >> 1]
}

function time([program, ...args]) {
  const started = performance.now()
  const { error, status, stderr } = spawnSync('ip', ['netns', 'exec', NAMESPACE, program, ...args], {
    stdio: ['ignore', nowhere, 'pipe'],
  })
  const taken = (performance.now() - started) / 1000
  // lsof says 1 when a process vanished meanwhile.
  if (error || (status !== 0 && program !== 'lsof'))
    throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return taken
}

/** The command's own word on its peak memory, at its end. */
function peak([program, ...args]) {
  const { stderr } = spawnSync('ip', ['netns', 'exec', NAMESPACE, program, ...args], {
    stdio: ['ignore', nowhere, 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--require=${reporter}` },
  })
  return Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024
}

function table(columns) {
  const names = [...columns.at(-1).seconds.keys()]
  const cell = ({ seconds, memory }, name) => {
    const values = seconds.get(name)
    if (values === undefined) return ''
    const used = memory.get(name)
    return `${median(values).toFixed(2)}${used === undefined ? '' : ` (${used.toFixed(0)} MB)`}`
  }
  return [
    `Seconds of a whole process, median of ${RUNS} (of the last three: one run), peak memory in parentheses.`,
    '',
    `| established connections | ${SIZES.map((size) => size.toLocaleString('en')).join(' | ')} |`,
    `|---|${SIZES.map(() => '---:|').join('')}`,
    ...names.map((name) => `| \`${name}\` | ${columns.map((column) => cell(column, name)).join(' | ')} |`),
    '',
    ...ratios(columns),
  ]
}

/** What the seconds say, which belong to one machine. */
function ratios(columns) {
  const [few, many] = [columns[0].seconds, columns.at(-1).seconds]
  const seconds = (name, from = many) => median(from.get(name))
  const grown = (name) => seconds(name) - seconds(name, few)
  const [plain, owners] = ['socktrace list -tan --no-process', 'socktrace list -tanp']
  const above = (name) => `${(1000 * (seconds(name) - seconds('node -e 0'))).toFixed(0)} ms`
  return [
    `At ${SIZES.at(-1).toLocaleString('en')} connections \`${plain}\` takes ${(seconds(plain) / seconds('ss -tan')).toFixed(2)} times as long as \`ss -tan\`,`,
    `and what it takes more than at ${SIZES[0].toLocaleString('en')} is ${(grown(plain) / grown('ss -tan')).toFixed(2)} of what ss takes more;`,
    `\`${owners}\` takes ${SLOW.map(([name]) => `${(seconds(owners) / seconds(name)).toFixed(2)} of \`${name}\``).join(', ')}.`,
    `One connection looked up takes ${above('socktrace list sport = :N, one connection')} more than Node alone, without processes ${above('… --no-process')}.`,
  ]
}

function inside(program, args) {
  run('ip', ['netns', 'exec', NAMESPACE, program, ...args])
}

function run(program, args) {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log((await benchLists()).join('\n'))
