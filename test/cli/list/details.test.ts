import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { infoText, memoryText } from '../../../src/render/socket-info.ts'
import { extendedText } from '../../../src/render/socket-text.ts'
import { type CountersRecord, parseCounters } from '../../../src/sockets/counters.ts'
import type { SocketRecord } from '../../../src/sockets/socket.ts'
import { isLinux } from '../../support/linux.ts'
import { Namespace } from '../../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../../support/root.ts'

let namespace: Namespace
let program: Running

before(async () => {
  if (!isRoot) return
  namespace = new Namespace('details')
  run(['sh', '-c', 'echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range'])
  program = new Running(namespace.inside([process.execPath, '--import', 'tsx', 'test/lab/details.ts']))
  await program.until('it is ready', ({ stdout }) => stdout.includes('ready'))
})
after(async () => {
  if (!isRoot) return
  await program.stop('SIGKILL')
  namespace.close()
})

function run(command: readonly string[]): string {
  const { status, stdout, stderr } = runCommand(namespace.inside(command))
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`)
  return stdout
}

function listed(args: string, as: readonly string[] = []): SocketRecord[] {
  const command = [...as, builtFile(repository), 'list', '-q', '--json']
  return ndjson<SocketRecord>(run([...command, ...args.split(' ')]))
}

/** What moves with the clock alone, and what this ss does not know yet. */
const MOVING = /(?:lastsnd|lastrcv|lastack|busy|rwnd_limited|sndbuf_limited|rcv_wnd|rehash):\S+ ?/g

const ends = ({ local, remote }: SocketRecord): string =>
  `${local.addr}:${local.port} ${remote.addr}:${remote.port === 0 ? '*' : remote.port}`

/** Ends, memory, tcp_info and the rest, of every TCP socket. */
function detailsOfSs(as: readonly string[]): string[][] {
  return run([...as, 'ss', '-tanimeHO'])
    .trim()
    .split('\n')
    .map((line) => {
      const [, , , local, remote] = line.split(/\s+/)
      const memory = /skmem:\S+/.exec(line)![0]
      const rest = line.slice(line.indexOf(memory) + memory.length)
      const extended = /(?:uid:\d+ )?ino:\d+ sk:\S+/.exec(line)![0]
      return [`${local} ${remote}`, memory, rest.replace(MOVING, '').trim(), extended]
    })
    .sort()
}

function detailsOfOurs(as: readonly string[]): string[][] {
  return listed('-t -i -m -e', as)
    .map((record) => [
      ends(record),
      memoryText(record),
      infoText(record).replace(MOVING, '').trim(),
      extendedText(record).replace(/ (?:cgroup|v6only):\S+/g, ''),
    ])
    .sort()
}

for (const [who, as] of [
  ['root', []],
  ['an ordinary user', NOBODY],
] as const)
  rootTest(`-i, -m and -e say what ss says to ${who}, word for word`, () => {
    // The last acknowledgements may still be on their way: both sides of ours have to be the same.
    for (let before = detailsOfSs(as), tries = 0; ; tries++) {
      const ours = detailsOfOurs(as)
      const after = detailsOfSs(as)
      if (JSON.stringify(before) === JSON.stringify(after)) {
        assert.equal(ours.length, 7)
        assert.deepEqual(ours, after)
        return
      }
      assert.ok(tries < 10, 'the sockets do not come to rest')
      before = after
    }
  })

rootTest('tcp_info is complete: every byte that the kernel gives has its name', () => {
  const [record] = listed('-t -i state established')
  const names = Object.keys(record!.tcp!)
  assert.ok(names.length > 50, `${names.length} members`)
  assert.ok(names.every((name) => name.startsWith('tcpi_')))
  assert.equal(record!.tcp!['tcpi_state'], 1)
})

rootTest('a filter looks into tcp_info, whether it is shown or not', () => {
  const all = listed('-t state established')
  assert.equal(all.length, 6)
  assert.equal(listed('-t rtt < 10s').length, 6)
  assert.equal(listed('-t rtt > 10s').length, 0)
  assert.equal(listed('-t retrans = 0 sport = :4100').length, 4)
})

rootTest('bound and idle, packet, UDP-Lite and ping sockets', () => {
  const bound = listed('-B').filter(({ local }) => local.port === 4101)
  assert.deepEqual(
    bound.map(({ netid, state, local }) => [netid, state, local]),
    isLinux([6, 8]) ? [['tcp', 'BOUND_INACTIVE', { addr: '127.0.0.1', port: 4101 }]] : [],
  )
  const [packet] = listed('-0')
  assert.deepEqual(
    [packet!.netid, packet!.socket_type, packet!.local, packet!.iface],
    ['packet', 'raw', { port: 3 }, 'lo'],
  )
  assert.equal(packet!.processes[0]!.pid, program.pid)
  assert.match(run(['ss', '-0anH']), /p_raw.*\*:lo/)
  const lite = /:1006 /.test(run(['cat', '/proc/net/udplite']))
  assert.deepEqual(
    listed('--udplite').map(({ local }) => local.port),
    lite ? [4102] : [],
  )
  assert.deepEqual(
    listed('--icmp').map(({ netid, local }) => [netid, local.port]),
    [['icmp', 7]],
  )
})

rootTest('autobound: the ports that the kernel chose', () => {
  const select = (filter: string): string[] =>
    run(['ss', '-tanHO', filter])
      .split('\n')
      .flatMap((line) => line.split(/\s+/)[3] ?? [])
      .sort()
  for (const filter of [
    'autobound',
    'not autobound',
    'autobound and dport = :4100',
    'autobound or sport = :4100',
  ])
    assert.deepEqual(
      listed(`-t ${filter}`)
        .map(({ local }) => `${local.addr}:${local.port}`)
        .sort(),
      select(filter),
      filter,
    )
})

rootTest('-s: the counters of /proc/net, and the sockets by state', () => {
  const command = [builtFile(repository), 'list', '-s', '--json']
  const [record] = ndjson<CountersRecord>(run(command))
  assert.deepEqual(record!.states, { LISTEN: 1, ESTABLISHED: 6 })
  assert.equal(record!.sockets['tcp'], 7)
  assert.equal(record!.limits.busiest_destination!.port, 4100)
  assert.equal(record!.limits.busiest_destination!.ports_used, 3)
  const theirs = run(['sh', '-c', 'cat /proc/net/snmp /proc/net/netstat'])
  assert.deepEqual(
    ['ActiveOpens', 'PassiveOpens', 'ListenOverflows', 'TCPAbortOnClose'].map((name) => [
      name,
      record!.counters[name],
    ]),
    [...parseCounters(theirs)].filter(([name]) =>
      ['ActiveOpens', 'PassiveOpens', 'ListenOverflows', 'TCPAbortOnClose'].includes(name),
    ),
  )
})

rootTest('--format ss is what ss prints, word for word', () => {
  const words = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).join(' '))
      .sort()
  for (const options of ['-tanpH', '-tuanH', '-tanoeH']) {
    const args = ['--format', 'ss', ...(options.includes('p') ? [] : ['--no-process']), options]
    const command = [builtFile(repository), 'list', '-q', ...args]
    const plain = (text: string): string[] =>
      words(text).map((line) => line.replace(/ (?:cgroup:\S+|<->|v6only:\S+|uid:0)/g, ''))
    assert.deepEqual(plain(run(command)), plain(run(['ss', options])), options)
  }
})

rootTest('--watch: frames in a pipe, one object a line', () => {
  const frames = listed('--watch 0.05 -c 3 -t') as unknown as { type: string; sockets: number }[]
  assert.deepEqual(
    frames.filter(({ type }) => type === 'frame').map(({ sockets }) => sockets),
    [7, 7, 7],
  )
  assert.equal(frames.length, 3 * (1 + 7))
})

rootTest('-s --watch: what moved between two records, per second', async () => {
  const command = [builtFile(repository), 'list', '-s', '--json']
  const watching = new Running(namespace.inside([...command, '--watch', '0.1']))
  const records = (): CountersRecord[] => ndjson<CountersRecord>(watching.stdout.replace(/[^\n]*$/, ''))
  await watching.until('there is a first record', () => records().length > 0)
  // Nobody listens there: the SYN is answered with a reset.
  run([process.execPath, '-e', "require('net').connect(4199, '127.0.0.1').on('error', () => {})"])
  await watching.until('the reset is counted', () => records().some(({ rates }) => rates?.['OutRsts']))
  const moved = records().find(({ rates }) => rates?.['OutRsts'])!
  assert.ok(Math.abs(moved.rates!['OutRsts']! * moved.interval_s! - 1) < 0.05)
  assert.equal(records()[0]!.rates, undefined)
  assert.equal(await watching.stop('SIGINT'), 0)
})

rootTest('-e: where a process comes from', () => {
  const [{ processes } = { processes: [] }] = listed('-l -t -e')
  const owner = processes[0]!
  assert.equal(owner.cwd, process.cwd())
  assert.equal(owner.parents?.[0]?.pid, process.pid)
  assert.equal(owner.parents?.at(-1)?.pid, 1)
})

rootTest('-K closes what the filter names and nothing else, and asks first', () => {
  const kill = (...args: string[]) =>
    runCommand(namespace.inside([builtFile(repository), 'list', '-K', ...args]))
  const [victim] = listed('-t state established dport = :4100')
  assert.equal(kill('sport', '=', `:${victim!.local.port}`).status, 2)
  assert.equal(kill('--yes').status, 2)
  assert.equal(listed('-t state established').length, 6)
  const { status, stdout } = kill('--yes', 'sport', '=', `:${victim!.local.port}`)
  assert.deepEqual(
    [status, stdout],
    [0, `closed tcp ESTABLISHED 127.0.0.1:${victim!.local.port} 127.0.0.1:4100\n`],
  )
  assert.ok(!listed('-t').some(({ cookie }) => cookie === victim!.cookie))
  assert.equal(kill('--yes', 'sport', '=', ':1').status, 1)
})
