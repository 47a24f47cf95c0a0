import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CounterLog } from '../../src/diagnose/counter-log.ts'
import { wasEstablished } from '../../src/diagnose/facts.ts'
import { KernelLedger } from '../../src/diagnose/kernel-ledger.ts'
import type { Planes } from '../../src/diagnose/planes.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import type { SocketEvidence } from '../../src/sockets/socket-evidence.ts'
import { CAST, docketed } from '../support/docketed.ts'

const { C: client, S: server } = CAST
const OWN = 4026531840
const OTHER = 4026532999
/** The captured namespace has the client's address, the other one the server's. */
const HAS: Record<number, readonly string[]> = {
  [OWN]: [client.addr, '127.0.0.1'],
  [OTHER]: [server.addr, '127.0.0.1'],
}
const LIVE: Partial<Planes> = {
  netns: OWN,
  seesAll: true,
  kernel: { watched: true },
  has: (netns, addr) => HAS[netns]?.includes(addr) === true,
}

type Ends = { local: typeof client; remote: typeof client }
const at = (seconds: number) => Math.round(seconds * 1e9) as Nanos
const OUT: Ends = { local: client, remote: server }
const IN: Ends = { local: server, remote: client }
const base = { at: 0, netns: OWN, proto: 'tcp' } as const
const state = (from: string, to: string, more: object = {}): KernelFact =>
  ({ ...base, ...OUT, fact: 'state', socket: 1, from, to, ...more }) as KernelFact
const dial = (socket: number, more: object = {}): KernelFact =>
  state('CLOSE', 'SYN_SENT', { socket, pid: 7, comm: 'curl', ...more })
const error = (name: string, more: object = {}): KernelFact =>
  ({ ...base, ...OUT, fact: 'error', error: name, ...more }) as KernelFact
const resetSent = (more: object = {}): KernelFact =>
  ({
    ...base,
    ...IN,
    fact: 'reset_sent',
    reason: 'NO_SOCKET',
    state: null,
    active: false,
    ...more,
  }) as KernelFact
const call = (pid: number, more: object = {}): KernelFact =>
  ({
    ...base,
    local: { addr: '0.0.0.0', port: 0 },
    remote: server,
    fact: 'call',
    call: 'connect',
    error: 'ENETUNREACH',
    pid,
    comm: `p${pid}`,
    ...more,
  }) as KernelFact

const REFUSED = (second: number, sequence = 100) => `
${second.toFixed(3)} C > S [S] seq=${sequence} win=64240
${(second + 0.001).toFixed(3)} S > C [R.] seq=0 ack=${sequence + 1} win=0
`
/** What the kernel tells of an attempt from a bound port that is refused. */
const refusedAt = (second: number, socket: number): readonly (readonly [KernelFact, Nanos])[] => [
  [dial(socket), at(second - 0.0001)],
  [resetSent(), at(second + 0.0005)],
  [state('SYN_SENT', 'CLOSE', { socket }), at(second + 0.0011)],
  [error('ECONNREFUSED'), at(second + 0.0012)],
]

test('the kernel is believed of an end only in the namespace that has its address', () => {
  const loopback: Ends = {
    local: { addr: '127.0.0.1', port: 40000 },
    remote: { addr: '127.0.0.1', port: 8080 },
  }
  for (const [name, more, isTaken] of [
    ['the captured one', OUT, true],
    ['the peer that has the server', { ...IN, netns: OTHER }, true],
    ['a stranger with the client of another network', { ...OUT, netns: OTHER }, false],
    ['one that nothing is known of', { ...IN, netns: 1 }, false],
    ['a record without a namespace', { ...OUT, netns: null }, true],
    ['loopback of the captured one', loopback, true],
    ['loopback of another one', { ...loopback, netns: OTHER }, false],
  ] as const) {
    const ledger = new KernelLedger({ netns: OWN, has: LIVE.has! })
    assert.equal(ledger.take(error('ECONNRESET', more), at(1)) !== undefined, isTaken, name)
    assert.equal(ledger.size, isTaken ? 1 : 0, name)
  }
})

test('packets dropped in other namespaces count where these have an end that the captured one has not', () => {
  const drop = (netns: number, src = client, dst = server): KernelFact =>
    ({
      ...base,
      netns,
      src,
      dst,
      fact: 'drop',
      flags: 2,
      icmp: false,
      reason: 'NETFILTER_DROP',
      location: null,
    }) as KernelFact
  const loopback = { addr: '127.0.0.1', port: 80 }
  for (const [fact, isTaken] of [
    [drop(OWN), true],
    [drop(OTHER), true],
    // It has the server's address, but so has the captured one.
    [drop(OTHER, server, { ...client, addr: '10.9.9.9' }), true],
    [drop(OTHER, loopback, { ...loopback, port: 40000 }), false],
  ] as const)
    assert.equal(new KernelLedger({ netns: OWN, has: LIVE.has! }).take(fact, at(1)) !== undefined, isTaken)
  const shared = new KernelLedger({ netns: OWN, has: () => true })
  assert.equal(shared.take(drop(OTHER), at(1)), undefined)
})

test('a reset in another namespace does not condemn a healthy connection of the same loopback ends', () => {
  const ends = (port: number) => ({ addr: '127.0.0.1', port })
  const there = { netns: OTHER, local: ends(40000), remote: ends(80) }
  const d = docketed(LIVE)
  d.docket.fact(error('ECONNRESET', there), at(1))
  d.docket.fact(state('ESTABLISHED', 'CLOSE', there), at(1))
  d.docket.look(at(2))
  d.finish()
  assert.deepEqual([d.asked.length, d.docket.size], [0, 0])
})

test("a stranger's established connection does not hide that the own one was refused", () => {
  const d = docketed({ ...LIVE, has: () => true })
  d.docket.fact(state('SYN_SENT', 'ESTABLISHED', { netns: OTHER }), at(0.5))
  d.play(REFUSED(1))
  d.advance(2)
  const [evidence] = d.asked as [(typeof d.asked)[0]]
  assert.ok(evidence.kernel.watched)
  assert.equal(evidence.kernel.established, undefined)
  assert.equal(wasEstablished(evidence), false)
  // Even where the kernel's word is on the same ends, the reset that answered the SYN was seen.
  const told = { ...evidence, kernel: { ...evidence.kernel, established: true as const } }
  assert.equal(wasEstablished(told), false)
})

test('each connect() that fails at once is one attempt, whoever else fails at the same moment', () => {
  const d = docketed(LIVE)
  for (const pid of [11, 12, 13, 14, 14]) d.docket.fact(call(pid), at(1))
  d.docket.fact(call(15, { netns: OTHER }), at(1))
  d.docket.look(at(2))
  const diallers = d.asked.map(({ kernel, ended }) => [kernel.watched && kernel.call?.error, ended])
  assert.deepEqual(diallers, Array(5).fill(['ENETUNREACH', true]))
  assert.equal(d.verdicts.length, 5)
})

test('a call whose bound port another connection has is no fact of that one', () => {
  const d = docketed(LIVE)
  d.play('1 C > S [S] seq=100 win=64240')
  d.docket.fact(call(8, { local: client, error: 'EADDRNOTAVAIL' }), at(1.01))
  d.docket.look(at(1.5))
  assert.deepEqual(
    d.verdicts.map(({ flow, final }) => [flow, final]),
    [[undefined, true]],
  )
})

test('connect() of a bound port that fails at once is told once: its states and its result are one attempt', () => {
  const d = docketed(LIVE)
  d.docket.fact(dial(1, { pid: 8 }), at(1))
  d.docket.fact(state('SYN_SENT', 'CLOSE'), at(1))
  d.docket.fact(call(8, { local: client, error: 'EADDRNOTAVAIL' }), at(1))
  d.docket.look(at(2))
  assert.equal(d.verdicts.length, 1)
})

test('the same ends dialled again at once are another attempt, each with its own evidence', () => {
  const d = docketed(LIVE)
  const second = 1.01
  const drop = {
    ...base,
    src: client,
    dst: server,
    fact: 'drop',
    flags: 2,
    icmp: false,
    reason: 'NETFILTER_DROP',
    location: null,
  } as const
  // The kernel is ahead of the packets: both attempts are known before the first one's are analysed.
  for (const [fact, time] of refusedAt(1, 1)) d.docket.fact(fact, time)
  d.docket.fact(dial(2), at(second - 0.0001))
  d.docket.fact(drop, at(second))
  d.play(REFUSED(1))
  d.play(`${second} C > S [S] seq=999000 win=64240`)
  d.docket.fact(error('ETIMEDOUT'), at(4))
  d.docket.fact(state('SYN_SENT', 'CLOSE', { socket: 2 }), at(4))
  d.docket.look(at(6))
  d.finish()
  const told = d.asked
    .filter(({ ended }) => ended)
    .map(
      ({ kernel }) => kernel.watched && [kernel.error?.name, kernel.resetSent?.reason, kernel.drops.length],
    )
  assert.deepEqual(told, [
    ['ECONNREFUSED', 'NO_SOCKET', 0],
    ['ETIMEDOUT', undefined, 1],
  ])
  assert.deepEqual(
    d.verdicts.map(({ flow, final }) => [flow, final]),
    [
      [0, true],
      [1, true],
    ],
  )
})

test('an attempt that succeeds right after one that failed is left in peace', () => {
  const d = docketed(LIVE)
  d.play(REFUSED(1))
  for (const [fact, time] of refusedAt(1, 1)) d.docket.fact(fact, time)
  d.docket.fact(dial(2), at(1.0049))
  d.docket.fact(state('SYN_SENT', 'ESTABLISHED', { socket: 2 }), at(1.006))
  d.play(`
1.005 C > S [S] seq=999000 win=64240
1.0055 S > C [S.] seq=900 ack=999001 win=65160
1.006 C > S [.] seq=999001 ack=901 win=502
`)
  d.docket.look(at(2))
  assert.deepEqual(
    d.verdicts.map(({ flow }) => flow),
    [0],
  )
  const { kernel } = d.asked[0]!
  assert.ok(kernel.watched)
  assert.equal(kernel.established, undefined)
  assert.deepEqual(d.docket.kernelState('tcp', client, server, at(1.005)), { client: 'ESTABLISHED' })
  assert.equal(d.docket.kernelState('tcp', client, server, at(1))?.client, 'CLOSE')
})

test('sockets and rules that came with the next attempt are none of the first one', () => {
  const socket = (from: typeof client, to: typeof client, name: string) =>
    ({ local: from, remote: to, state: name }) as SocketRecord
  const rule = { end: 'server', action: 'drop', text: 'drop' } as SocketEvidence['firewall'][number]
  const found = {
    watched: true,
    client: socket(client, server, 'SYN_SENT'),
    listeners: [],
    everyNetns: true,
    firewall: [rule],
    sysctls: {},
  } as const
  for (const [again, state, sockets, rules] of [
    [true, 'SYN_SENT', 0, 0],
    [false, 'SYN_SENT', 0, 1],
    [false, 'TIME_WAIT', 1, 1],
  ] as const) {
    const d = docketed({
      ...LIVE,
      socket: () => ({ ...found, client: socket(client, server, state) }),
    })
    d.play(REFUSED(1))
    for (const [fact, time] of refusedAt(1, 1)) d.docket.fact(fact, time)
    if (again) d.docket.fact(dial(2), at(1.02))
    d.docket.look(at(1.2))
    const [evidence] = d.asked as [(typeof d.asked)[0]]
    assert.ok(evidence.socket.watched)
    const { client: own, firewall } = evidence.socket
    assert.deepEqual([own === undefined ? 0 : 1, firewall.length], [sockets, rules])
  }
})

test('a port that the kernel chose again: the reset that the new socket takes begins the next attempt', () => {
  const ledger = new KernelLedger()
  const nameless = { local: { ...client, port: 0 } }
  for (const [socket, second] of [
    [1, 1],
    [2, 1.1],
  ] as const) {
    ledger.take(dial(socket, nameless), at(second))
    ledger.take({ ...base, ...OUT, fact: 'reset_received' }, at(second + 0.001))
    ledger.take(state('SYN_SENT', 'CLOSE', { socket }), at(second + 0.0011))
    ledger.take(error('ECONNREFUSED'), at(second + 0.0012))
  }
  const [first, second] = [1.0002, 1.1002].map((start) => ledger.at('tcp', client, server, at(start)))
  assert.deepEqual([first?.dialler?.at, second?.dialler?.at], [at(1), at(1.1)])
  assert.deepEqual(
    [first, second].map((trace) => trace?.ends[0].error?.at),
    [at(1.0012), at(1.1012)],
  )
})

test('a remote client that is refused again from the same port is another attempt', () => {
  const ledger = new KernelLedger()
  ledger.take(resetSent(), at(1.001))
  ledger.take(resetSent(), at(1.101))
  assert.equal(ledger.at('tcp', client, server, at(1))?.ends[1].resetSent?.at, at(1.001))
  assert.equal(ledger.at('tcp', client, server, at(1.1))?.ends[1].resetSent?.at, at(1.101))
})

test('what connect() returns after it waited is the end of its attempt, also where its report was not told', () => {
  const nameless = { local: { ...client, addr: '0.0.0.0' } }
  const waiting = () => {
    const ledger = new KernelLedger({ netns: OWN, has: LIVE.has! })
    ledger.take(dial(1, { local: { addr: '0.0.0.0', port: 0 } }), at(1))
    ledger.take({ ...base, ...OUT, fact: 'retransmit', state: 'SYN_SENT' } as KernelFact, at(2))
    return ledger
  }
  for (const name of ['ETIMEDOUT', 'EHOSTUNREACH']) {
    const ledger = waiting()
    const trace = ledger.take(call(7, { ...nameless, error: name }), at(4))
    assert.equal(trace, ledger.find('tcp', client, server))
    assert.deepEqual([trace?.failedAt, trace?.isClosed, trace?.call], [at(4), true, undefined])
    assert.equal(trace?.ends[0].error?.name, name)
  }
  const ledger = waiting()
  assert.equal(ledger.take(call(7, { error: 'ETIMEDOUT' }), at(4)), undefined, 'whose is not known')
  const bound = { local: { ...client, port: 1 } }
  assert.equal(ledger.take(call(7, bound), at(4))?.call?.error, 'ENETUNREACH', 'nobody saw it dial')
  const asked: (readonly [number, number])[] = []
  const dialled = new KernelLedger({
    netns: OWN,
    has: LIVE.has!,
    recallDials: (pid, port) => void asked.push([pid, port]),
  })
  dialled.take(dial(5, { local: { addr: '0.0.0.0', port: 0 } }), at(1))
  assert.equal(dialled.take(call(7, { ...bound, socket: 5 }), at(4)), undefined, 'its SYN was on its way')
  assert.deepEqual(asked, [[7, server.port]])
  const other = ledger.take(call(7, { ...nameless, error: 'EADDRNOTAVAIL' }), at(4))
  assert.equal(other?.call?.error, 'EADDRNOTAVAIL', 'that is never waited for')
  ledger.take(error('ETIMEDOUT'), at(4))
  assert.equal(ledger.take(call(7, { ...nameless, error: 'ETIMEDOUT' }), at(4)), undefined, 'reported before')
})

test('a reset in answer to what comes long after a close is that of the closed connection', () => {
  const ledger = new KernelLedger()
  ledger.take(state('SYN_RECV', 'ESTABLISHED', IN), at(1))
  ledger.take(state('FIN_WAIT2', 'CLOSE', IN), at(2))
  ledger.take(resetSent({ reason: 'TCP_TIMEWAIT_SOCKET' }), at(5))
  assert.equal(ledger.at('tcp', client, server, at(1))?.ends[1].resetSent?.at, at(5))
  assert.equal(ledger.at('tcp', client, server, at(5))?.ends[1].resetSent?.at, at(5))
})

test('packets come in before the kernel is believed that there were none, however late it is drained', () => {
  const d = docketed(LIVE)
  // Five times the settling time passes before the records are read; the packets are read after them.
  for (const [fact, time] of refusedAt(1, 1)) d.docket.fact(fact, time)
  d.docket.look(at(1.25))
  assert.equal(d.asked.length, 0, 'its packets may still come')
  d.play(REFUSED(1))
  d.docket.look(at(1.5))
  const [{ wire }] = d.asked as [(typeof d.asked)[0]]
  assert.ok(wire.watched)
  assert.deepEqual([wire.syns, wire.reset?.effect], [1, 'effective'])
  assert.deepEqual(
    d.verdicts.map(({ flow }) => flow),
    [0],
  )
})

test('counters: strangers do not crowd out the namespaces of cases, nor the captured one', () => {
  const read: number[] = []
  const log = new CounterLog(
    (netns) => {
      read.push(netns)
      return { OutNoRoutes: netns }
    },
    { own: 1, clock: () => at(1) },
  )
  for (let netns = 100; netns < 200; netns++) log.watch(netns)
  log.before(at(1), [500])
  log.watch(200)
  read.length = 0
  log.look(at(2))
  assert.equal(read.length, 17)
  assert.deepEqual(
    [read[0], read.includes(500), read.includes(200), read.includes(100)],
    [1, true, true, false],
  )
  const d = docketed({ ...LIVE, counters: (netns) => ({ seen: read.push(netns) }) })
  read.length = 0
  for (let netns = 100; netns < 200; netns++)
    d.docket.fact(error('ECONNRESET', { ...IN, netns, remote: { addr: '10.3.3.3', port: 1 } }), at(1))
  d.docket.look(at(2))
  assert.deepEqual(read, [OWN])
})

test('packets that are read long after the kernel alone was believed do not have it told again', () => {
  for (const seconds of [4, 8]) {
    const d = docketed({ ...LIVE, lag: at(2) })
    for (const [fact, time] of refusedAt(1, 1)) d.docket.fact(fact, time)
    d.docket.look(at(1.25))
    assert.equal(d.verdicts.length, 0, 'its packets may still come')
    d.docket.look(at(3.5))
    assert.equal(d.verdicts.length, 1)
    d.docket.look(at(seconds - 0.1))
    d.play(REFUSED(seconds))
    d.docket.look(at(seconds + 3))
    d.finish()
    assert.equal(d.verdicts.length, 1)
  }
  const again = docketed({ ...LIVE, lag: at(2) })
  for (const second of [1, 9])
    for (const [fact, time] of refusedAt(second, second)) again.docket.fact(fact, time)
  again.docket.look(at(9))
  again.play(REFUSED(9.5))
  again.finish()
  assert.equal(again.verdicts.length, 2, 'another attempt between the same ends')
})
