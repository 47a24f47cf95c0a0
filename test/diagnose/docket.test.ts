import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireEvidence } from '../../src/diagnose/evidence.ts'
import type { Planes } from '../../src/diagnose/planes.ts'
import type { MismatchEvent } from '../../src/flow/event.ts'
import { NO_FLOW } from '../../src/flow/flow-id.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'
import { QuotedPacket } from '../../src/wire/quoted-packet.ts'
import { CAST, docketed } from '../support/docketed.ts'

const { C: client, S: server } = CAST
type Docketed = ReturnType<typeof docketed>
const HANDSHAKE = `
0.000 C > S [S] seq=100 win=64240 <mss 1460,ws 7,sack>
0.010 S > C [S.] seq=900 ack=101 win=65160 <mss 1460,ws 7,sack>
0.020 C > S [.] seq=101 ack=901 win=502
`
const NETNS = 4026531840
/** A live machine that is nothing but its kernel. */
const LIVE: Partial<Planes> = { netns: NETNS, seesAll: true, kernel: { watched: true } }

const at = (seconds: number) => (seconds * 1e9) as Nanos
const fact = <F extends KernelFact['fact']>(
  kind: F,
  more: Omit<Extract<KernelFact, { fact: F }>, 'fact' | 'at' | 'netns' | 'proto' | 'local' | 'remote'>,
): KernelFact =>
  ({ fact: kind, at: 0, netns: NETNS, proto: 'tcp', local: client, remote: server, ...more }) as KernelFact

function wireOf(d: ReturnType<typeof docketed>): WireEvidence {
  const { wire } = d.asked.at(-1)!
  assert.ok(wire.watched)
  return wire
}

test('a healthy connection has no case and is never judged', () => {
  const d = docketed()
  d.play(`${HANDSHAKE}
0.030 C > S [P.] seq=101 ack=901 win=502 len=100
0.040 S > C [P.] seq=901 ack=201 win=501 len=1000
0.050 C > S [F.] seq=201 ack=1901 win=502
0.060 S > C [.] seq=1901 ack=202 win=501
0.070 S > C [F.] seq=1901 ack=202 win=501
0.080 C > S [.] seq=202 ack=1902 win=502
`)
  d.advance(300)
  d.finish()
  assert.deepEqual([d.asked.length, d.docket.size, d.records.length], [0, 0, 1])
})

test('a refused attempt is judged once, when it has settled, for good', () => {
  const d = docketed()
  d.play(`
1.000 C > S [S] seq=100 win=64240
1.002 S > C [R.] seq=0 ack=101 win=0
`)
  d.advance(1.04)
  assert.deepEqual(d.told(), [])
  d.advance(1.4)
  d.advance(100)
  d.finish()
  assert.deepEqual(d.told(), ['1.40 final'])
  const { reset, syns, established } = wireOf(d)
  assert.deepEqual(
    [syns, established, reset?.by, reset?.after, reset?.flags, reset?.effect, reset?.receiverState],
    [1, undefined, 'server', 'syn', 'R.', 'effective', 'SYN_SENT'],
  )
  assert.ok(Math.abs(reset!.afterMs - 2) < 1e-6)
  assert.equal(reset?.usualTtl, undefined, 'the server sent nothing else')
})

test('a reset that answers a SYN which was not seen is no connection', () => {
  const d = docketed()
  d.play('1.000 S > C [R.] seq=0 ack=101 win=0')
  d.advance(2)
  const { reset, syns, midstream, established } = wireOf(d)
  assert.deepEqual(
    [reset?.by, reset?.after, reset?.effect, reset?.receiverState, syns, midstream, established],
    ['server', 'syn', 'effective', 'SYN_SENT', 0, false, undefined],
  )
  assert.deepEqual([d.asked[0]!.client, d.asked[0]!.server], [client, server])
})

test('a connection seen in its middle is not one of resets alone', () => {
  const d = docketed()
  d.play(`
1.000 S > C [P.] seq=901 ack=101 win=501 len=10
1.100 S > C [R.] seq=911 ack=101 win=0
`)
  d.advance(3)
  const { reset, midstream } = wireOf(d)
  assert.deepEqual([reset?.after, midstream], ['data', true])
})

test('the kernel told who dialled: what the ports had guessed is turned round', () => {
  const d = docketed(LIVE)
  const here = { local: server, remote: client }
  const dial = (fact: KernelFact): KernelFact => ({ ...fact, ...here }) as KernelFact
  d.docket.fact(dial(fact('state', { socket: 1, from: 'CLOSE', to: 'SYN_SENT', pid: 7, comm: 'x' })), at(0.9))
  d.docket.fact(dial(fact('state', { socket: 1, from: 'SYN_SENT', to: 'ESTABLISHED' })), at(0.95))
  d.play(`
1.000 S > C [P.] seq=901 ack=101 win=501 len=10
1.100 C > S [R.] seq=101 ack=911 win=0
`)
  d.advance(3)
  const { wire, ...ends } = d.asked.at(-1)!
  assert.deepEqual([ends.client, ends.server], [server, client])
  assert.equal(wire.watched && wire.reset?.by, 'server')
})

test('packets that the capture lost since a connection began are told with it', () => {
  let lost = 3
  const d = docketed({}, { lost: () => lost })
  d.play('1.000 C > S [S] seq=100 win=64240')
  d.advance(1.5)
  lost = 10
  d.play(`
2.000 C > S [S] seq=100 win=64240
4.000 C > S [S] seq=100 win=64240
`)
  d.advance(4.5)
  assert.equal(wireOf(d).lost, 10)
  const whole = docketed({}, { lost: () => 0 })
  whole.play('1.000 C > S [S] seq=100 win=64240')
  whole.finish()
  assert.equal(wireOf(whole).lost, undefined)
})

test('an unanswered attempt is told with the third SYN while it goes on, and at the end of its ladder for good', () => {
  const d = docketed()
  d.play(`
0 C > S [S] seq=100 win=64240
1 C > S [S] seq=100 win=64240
`)
  d.advance(1.9)
  assert.deepEqual(d.told(), [])
  d.play('2 C > S [S] seq=100 win=64240')
  d.advance(2.5)
  assert.deepEqual(d.told(), ['2.50'])
  d.play('3 C > S [S] seq=100 win=64240')
  d.advance(3.5)
  assert.deepEqual(d.told(), ['2.50'], 'nothing has changed')
  d.advance(200)
  assert.deepEqual(d.told().slice(1), ['200.00 final'])
  assert.equal(wireOf(d).syns, 4)
})

test('what is still open when the run ends is judged as going on', () => {
  const d = docketed()
  d.play('0 C > S [S] seq=100 win=64240')
  d.finish()
  assert.deepEqual(
    d.asked.map(({ finishing, ended }) => [finishing, ended]),
    [[true, false]],
  )
  assert.deepEqual(
    d.verdicts.map(({ final, flow }) => [final, flow]),
    [[false, 0]],
  )
})

test('a closed window is judged after 5 s, and not when it opened before', () => {
  const closed = `${HANDSHAKE}
1.000 S > C [.] seq=901 ack=101 win=0
`
  const opened = docketed()
  opened.play(`${closed}3.000 S > C [.] seq=901 ack=101 win=501\n`)
  opened.advance(30)
  assert.equal(opened.asked.filter(({ wire }) => wire.watched && wire.zeroWindow).length, 0)
  const d = docketed()
  d.play(closed)
  d.advance(5.9)
  assert.equal(d.verdicts.length, 0)
  d.advance(6.5)
  assert.deepEqual(wireOf(d).zeroWindow, { receiver: 'server', since: at(1) })
})

test('a range that is sent again and again; smaller segments were acknowledged before', () => {
  const d = docketed()
  d.play(`${HANDSHAKE}
0.100 C > S [P.] seq=101 ack=901 win=502 len=40
0.110 S > C [.] seq=901 ack=141 win=501
10.000 C > S [.] seq=141 ack=901 win=502 len=1460
10.200 C > S [.] seq=141 ack=901 win=502 len=1460
10.600 C > S [.] seq=141 ack=901 win=502 len=1460
11.400 C > S [.] seq=141 ack=901 win=502 len=1460
`)
  d.advance(11.5)
  const { stuck, idleBeforeMs } = wireOf(d)
  const { times, length, largestAcked, mss, sender, since } = stuck!
  assert.deepEqual(
    { times, length, largestAcked, mss, sender, since },
    { times: 3, length: 1460, largestAcked: 40, mss: 1460, sender: 'client', since: at(10) },
  )
  assert.ok(Math.abs(idleBeforeMs! - 9890) < 1)
  d.play('12 S > C [.] seq=901 ack=1601 win=501')
  assert.equal(d.docket.verdictOf(0), undefined, 'only for a row that is being freed')
  d.judgeAs(undefined)
  d.finish()
  assert.equal(wireOf(d).stuck, undefined, 'it was acknowledged at last')
})

test('a first FIN that is never answered is judged after a minute; an answered one is not', () => {
  const half = `${HANDSHAKE}
1.000 C > S [F.] seq=101 ack=901 win=502
1.010 S > C [.] seq=901 ack=102 win=501
`
  const d = docketed()
  d.play(half)
  d.advance(60)
  assert.equal(d.asked.length, 0)
  d.advance(62)
  const { finAcked, fin, states } = wireOf(d)
  assert.deepEqual(
    [finAcked, fin.client, states.server],
    [{ client: true, server: false }, at(1.01), 'CLOSE_WAIT'],
  )
  const closed = docketed()
  closed.play(`${half}2.000 S > C [F.] seq=901 ack=102 win=501\n2.010 C > S [.] seq=102 ack=902 win=502\n`)
  closed.advance(100)
  assert.equal(closed.asked.length, 0)
})

test('an ICMP error that ends the attempt', () => {
  const d = docketed()
  d.play(`
0 C > S [S] seq=100 win=64240
0.010 R > C icmp 3/13 quotes 1
`)
  d.advance(1)
  assert.deepEqual(d.told(), ['1.00 final'])
  const { icmp } = wireOf(d)
  assert.deepEqual(
    [icmp?.from, icmp?.error, icmp?.effective, icmp?.quoted],
    ['10.0.0.254', 'EHOSTUNREACH', true, 'client'],
  )
})

test('a SYN answered by the ACK of an older connection; a SYN+ACK answered by RST', () => {
  const stale = docketed()
  stale.play(`
0 C > S [S] seq=100 win=64240
0.010 S > C [.] seq=5000 ack=7000 win=501
0.011 C > S [R] seq=7000 win=0
`)
  stale.finish()
  assert.equal(wireOf(stale).staleAck, true)
  const refused = docketed()
  refused.play(`
0 C > S [S] seq=100 win=64240
0.010 S > C [S.] seq=900 ack=101 win=65160
0.011 C > S [R] seq=101 win=0
`)
  refused.advance(1)
  assert.equal(wireOf(refused).synAckRefused, true)
})

test('whoever goes on after its own reset did not send it', () => {
  const d = docketed()
  d.play(`${HANDSHAKE}
1.000 S > C [R] seq=901 win=0
1.001 S > C [P.] seq=901 ack=101 win=501 len=10
`)
  d.advance(2)
  const { reset } = wireOf(d)
  assert.deepEqual(
    [reset?.senderWentOn, reset?.after, reset?.ttl, reset?.usualTtl],
    [true, 'third_ack', 64, 64],
  )
})

test('a connect() that failed at once has a verdict without a flow, in the namespace that is watched only', () => {
  const call = fact('call', { socket: 1, call: 'connect', error: 'ENETUNREACH', pid: 7, comm: 'curl' })
  const d = docketed(LIVE)
  d.docket.fact(call, at(1))
  d.docket.look(at(1.1))
  assert.deepEqual(
    d.verdicts.map(({ flow, final, client: from }) => [flow, final, from.addr]),
    [[undefined, true, client.addr]],
  )
  const [{ kernel }] = d.asked as [(typeof d.asked)[0]]
  assert.ok(kernel.watched)
  assert.deepEqual(kernel.call, { error: 'ENETUNREACH', at: at(1) })
  for (const planes of [
    { ...LIVE, netns: 1 },
    { ...LIVE, seesAll: false },
  ]) {
    const other = docketed(planes)
    other.docket.fact(call, at(1))
    other.finish()
    assert.equal(other.verdicts.length, 0)
  }
})

test('SYNs that never leave are told when three were dropped', () => {
  const d = docketed(LIVE)
  const drop: KernelFact = {
    fact: 'drop',
    at: 0,
    netns: NETNS,
    proto: 'tcp',
    src: client,
    dst: server,
    flags: 2,
    icmp: false,
    reason: 'NETFILTER_DROP',
    location: 'nft_do_chain',
  }
  for (const n of [0, 1, 2]) {
    d.docket.look(at(n + 0.5))
    assert.equal(d.verdicts.length, 0)
    d.docket.fact(drop, at(n + 0.6))
  }
  d.docket.look(at(3))
  assert.deepEqual(d.told(), ['3.00'])
  const { kernel } = d.asked[0]!
  assert.ok(kernel.watched)
  assert.deepEqual(
    kernel.drops.map(({ sender, segment, count, reason }) => [sender, segment, count, reason]),
    [['client', 'syn', 3, 'NETFILTER_DROP']],
  )
})

test('a segment that found no socket is told as the reset that answers it, and not as a drop', () => {
  const told: string[] = []
  const d = docketed(LIVE, { event: ({ text }) => told.push(text) })
  const drop = (location: string | null): KernelFact => ({
    fact: 'drop',
    at: 0,
    netns: NETNS,
    proto: 'tcp',
    src: client,
    dst: server,
    flags: 2,
    icmp: false,
    reason: 'NO_SOCKET',
    location,
  })
  d.play('1 C > S [S] seq=100 win=64240')
  d.docket.fact(drop('tcp_v4_rcv'), at(1.001))
  // The last ACK of a handshake by SYN cookie: nothing answers it.
  d.docket.fact(drop('cookie_v4_check'), at(1.002))
  d.docket.fact(drop(null), at(1.003))
  const answer = fact('reset_sent', { reason: 'NO_SOCKET', state: null, active: false })
  d.docket.fact({ ...answer, local: server, remote: client } as KernelFact, at(1.004))
  d.docket.fact(drop(null), at(1.005))
  d.advance(1.2)
  assert.deepEqual(told, [
    'this host dropped the segment [S]: NO_SOCKET in cookie_v4_check',
    'this host dropped the segment [S]: NO_SOCKET',
  ])
})

test('every drop of a flow is told, in the order of time, also one that came before its packet', () => {
  const told: { at: number; text: string }[] = []
  const d = docketed(LIVE, { event: (event) => told.push({ at: event.at, text: event.text }) })
  const drop = (flags: number): KernelFact => ({
    fact: 'drop',
    at: 0,
    netns: NETNS,
    proto: 'tcp',
    src: client,
    dst: server,
    flags,
    icmp: false,
    reason: 'NETFILTER_DROP',
    location: null,
  })
  d.docket.fact(drop(2), at(2.00001))
  d.docket.fact(drop(2), at(1.00001))
  d.docket.tellDrops(at(1.5))
  assert.equal(told.length, 0, 'its flow is not known')
  d.play(`
1 C > S [S] seq=100 win=64240
2 C > S [S] seq=100 win=64240
`)
  d.docket.tellDrops(at(1.5))
  assert.deepEqual(told, [{ at: at(1.00001), text: 'this host dropped the segment [S]: NETFILTER_DROP' }])
  d.advance(2.2)
  assert.deepEqual([told.length, told.at(-1)?.at], [2, at(2.00001)])
})

test('an attempt is superseded when its process soon reached the port at another address', () => {
  const dial = (socket: number, local: typeof client, remote: typeof client, pid: number): KernelFact[] => {
    const base = { fact: 'state', at: 0, netns: NETNS, proto: 'tcp', remote, socket } as const
    return [
      { ...base, local: { ...local, port: 0 }, from: 'CLOSE', to: 'SYN_SENT', pid, comm: 'curl' },
      { ...base, local, from: 'SYN_SENT', to: 'ESTABLISHED' },
    ]
  }
  for (const [pid, seconds, verdicts] of [
    [7, 0.2, 0],
    [8, 0.2, 1],
    [7, 2.5, 1],
  ] as const) {
    const d = docketed(LIVE)
    const [first] = dial(1, client, server, 7) as [KernelFact, KernelFact]
    d.docket.fact(first, at(1))
    d.play('1 C > S [S] seq=100 win=64240')
    const other = { addr: '10.0.0.3', port: server.port }
    for (const told of dial(2, { ...client, port: 40001 }, other, pid)) d.docket.fact(told, at(1 + seconds))
    d.docket.fact({ ...first, local: client, from: 'SYN_SENT', to: 'CLOSE' } as KernelFact, at(4))
    d.docket.look(at(5))
    assert.equal(d.verdicts.length, verdicts, `pid ${pid} after ${seconds} s`)
    assert.equal(d.docket.superseded, 1 - verdicts)
  }
})

test('a failed attempt waits for another of its process, while that lives and has another to try', () => {
  const other = { addr: '10.0.0.3', port: server.port }
  const dial = (remote: typeof client): KernelFact =>
    ({
      ...fact('state', { socket: 9, from: 'CLOSE', to: 'SYN_SENT', pid: 7, comm: 'curl' }),
      remote,
    }) as KernelFact
  const call = fact('call', { socket: 1, call: 'connect', error: 'ENETUNREACH', pid: 7, comm: 'curl' })
  for (const [told, then] of [
    [['1.10 final'], (d: Docketed) => d.docket.look(at(3.1))],
    [['1.10 final'], (_: Docketed, end: () => void) => end()],
    [['1.10 final'], ({ docket }: Docketed) => docket.fact(dial(server), at(1.5))],
    [[], ({ docket }: Docketed) => docket.fact(dial(server), at(1.2))],
    [
      [],
      ({ docket }: Docketed) => {
        docket.fact(dial(other), at(1.2))
        docket.fact(dial(server), at(1.5))
      },
    ],
    [['1.10 final'], (d: Docketed) => d.finish()],
  ] as const) {
    let lives = true
    const d = docketed({ ...LIVE, isAlive: (pid) => pid === 7 && lives })
    d.docket.fact(call, at(1))
    d.docket.look(at(1.1))
    assert.deepEqual(d.told(), [])
    then(d, () => {
      lives = false
    })
    d.docket.look(at(1.6))
    assert.deepEqual(d.told(), told)
  }
})

test('what the kernel tells of a connection is joined with its packets', () => {
  const d = docketed(LIVE)
  d.play('1 C > S [S] seq=100 win=64240')
  d.docket.fact(fact('error', { error: 'EHOSTUNREACH' }), at(4))
  d.docket.look(at(5))
  assert.deepEqual(
    d.verdicts.map(({ flow, final }) => [flow, final]),
    [[0, true]],
  )
  assert.equal(wireOf(d).syns, 1)
})

test('cases are bounded, and those that found no room are counted', () => {
  const d = docketed({}, { maxCases: 2 })
  for (const port of [1, 2, 3]) {
    const call = fact('call', { socket: 1, call: 'connect', error: 'ENETUNREACH', pid: 7, comm: 'curl' })
    d.docket.fact({ ...call, local: { ...client, port } } as KernelFact, at(port))
  }
  assert.equal(d.docket.size, 0, 'a file has no kernel')
  const live = docketed(LIVE, { maxCases: 2 })
  for (const port of [1, 2, 3]) {
    const call = fact('call', { socket: 1, call: 'connect', error: 'ENETUNREACH', pid: 7, comm: 'curl' })
    live.docket.fact({ ...call, local: { ...client, port } } as KernelFact, at(port))
  }
  assert.deepEqual([live.docket.size, live.docket.isShort], [2, true])
})

test('calls that fail at once are told each, and are forgotten soon', () => {
  const call = fact('call', { socket: 1, call: 'connect', error: 'ENETUNREACH', pid: 7, comm: 'curl' })
  const nameless = { ...call, local: { addr: '0.0.0.0', port: 0 } } as KernelFact
  const d = docketed(LIVE)
  for (const seconds of [1, 2]) {
    d.docket.fact(nameless, at(seconds))
    d.docket.look(at(seconds + 0.5))
  }
  assert.equal(d.verdicts.length, 2)
  d.docket.look(at(10))
  assert.equal(d.docket.size, 0)
})

test('a closed UDP port is told without a flow', () => {
  const d = docketed()
  const quoted = new QuotedPacket()
  quoted.family = 4
  quoted.source[0] = 0x0a000001
  quoted.destination[0] = 0x0a000002
  quoted.sourcePort = 40000
  quoted.destinationPort = 53
  const message = { family: 4, from: quoted.destination, type: 3, code: 3 }
  for (const seconds of [1, 1.1])
    d.docket.datagram(quoted, at(seconds), message, { name: 'port unreachable', error: 'ECONNREFUSED' })
  d.docket.look(at(2))
  assert.deepEqual(
    d.verdicts.map(({ proto, server: to, final, flow }) => [proto, to.addr, to.port, final, flow]),
    [['udp', '10.0.0.2', 53, true, undefined]],
  )
  assert.equal(wireOf(d).icmp?.error, 'ECONNREFUSED')
})

for (const [lag, error] of [
  [0.01, undefined],
  [1, 'ECONNREFUSED'],
] as const)
  test(`packets that are stamped up to ${lag} s late are of the connection that the kernel told of before`, () => {
    const d = docketed({ ...LIVE, lag: at(lag) })
    d.docket.fact(fact('state', { socket: 1, from: 'SYN_SENT', to: 'CLOSE' }), at(0.9))
    d.docket.fact(fact('error', { error: 'ECONNREFUSED' }), at(0.9))
    d.play(`
1.000 C > S [S] seq=100 win=64240
1.000 S > C [R.] seq=0 ack=101 win=0
`)
    d.advance(1.4)
    const { kernel, wire } = d.asked.find(({ wire }) => wire.watched && wire.syns > 0)!
    assert.equal(kernel.watched && kernel.error?.name, error)
    assert.equal(wire.watched && wire.reset?.by, 'server')
  })

test('an attempt whose SYN is dropped before the wire is told as a mismatch, once, before it is judged', () => {
  const told: MismatchEvent[] = []
  const d = docketed(LIVE, { event: (event) => event.event === 'mismatch' && told.push(event) })
  const dial = fact('state', { socket: 1, from: 'CLOSE', to: 'SYN_SENT', pid: 7, comm: 'x' })
  d.docket.fact(dial, at(1))
  d.docket.fact(fact('retransmit', { state: 'SYN_SENT', error: 'EPERM' }), at(2))
  d.docket.look(at(2.2))
  assert.equal(told.length, 0, 'its packets may come late')
  d.docket.look(at(2.4))
  d.docket.fact(fact('retransmit', { state: 'SYN_SENT', error: 'EPERM' }), at(4))
  d.docket.look(at(5))
  assert.deepEqual(
    told.map(({ flow, kernel_state, wire_state, text }) => [
      flow,
      kernel_state.client,
      wire_state.client,
      text,
    ]),
    [
      [
        undefined,
        'SYN_SENT',
        'CLOSED',
        "the client's socket is SYN_SENT, but no SYN of it is on the wire: sending it fails with EPERM",
      ],
    ],
  )
  assert.deepEqual(d.verdicts, [])
})

test('an attempt whose SYN comes in time is no mismatch', () => {
  const told: unknown[] = []
  const d = docketed(LIVE, { event: (event) => told.push(event) })
  d.docket.fact(fact('state', { socket: 1, from: 'CLOSE', to: 'SYN_SENT', pid: 7, comm: 'x' }), at(1))
  d.docket.fact(fact('retransmit', { state: 'SYN_SENT', error: 'EBUSY' }), at(2))
  d.play('2.100 C > S [S] seq=100 win=64240')
  d.docket.look(at(3))
  assert.deepEqual(told, [])
})

test('where records of the kernel were lost, its silence proves nothing; later it does again', () => {
  const d = docketed(LIVE)
  const refused = (second: number) => `
${second}.000 C > S [S] seq=${second}00 win=64240
${second}.002 S > C [R.] seq=0 ack=${second}01 win=0
`
  const unwatched = () => {
    const { kernel } = d.asked.at(-1)!
    return kernel.watched ? (kernel.unwatched ?? []).length : 'all'
  }
  d.play(refused(1))
  d.docket.factsLost()
  d.advance(1.4)
  assert.equal(unwatched(), 'all')
  d.play(refused(9))
  d.advance(9.4)
  assert.equal(unwatched(), 0)
  // Nothing had been seen for a while when they were lost.
  d.docket.factsLost(at(20))
  d.play(refused(20))
  d.advance(20.4)
  assert.equal(unwatched(), 'all')
})

test('drops of datagrams wait only where their flows are tracked', () => {
  const drop = { fact: 'drop', at: 0, netns: NETNS, proto: 'udp', src: client, dst: server } as const
  for (const [protocols, asked] of [
    ['tcp', 0],
    ['all', 1],
  ] as const) {
    let finds = 0
    const find = () => {
      finds++
      return NO_FLOW
    }
    const d = docketed(LIVE, { protocols, event: () => {}, find })
    d.docket.fact({ ...drop, reason: 'UDP_CSUM', location: null, flags: 0, icmp: false } as KernelFact, at(1))
    for (const second of [2, 2.1]) d.docket.tellDrops(at(second))
    assert.equal(finds, asked)
  }
})
