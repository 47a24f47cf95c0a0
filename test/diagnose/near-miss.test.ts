import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import { judge } from '../../src/diagnose/judge.ts'
import type { VerdictName } from '../../src/diagnose/verdict.ts'
import {
  CLIENT,
  connected,
  drop,
  evidence,
  fullListener,
  icmp,
  listener,
  refusal,
  reset,
  rule,
  SERVER,
  seconds,
  socket,
  stuck,
  syns,
} from '../support/evidence.ts'

const AT_SERVER = { here: { client: false, server: true } }
const REFUSED = { side: 'server', reason: 'NO_SOCKET', state: null, active: false, at: seconds(95) } as const
const abort = (reason: string) =>
  ({ side: 'server', reason, state: 'ESTABLISHED', active: true, at: seconds(95) }) as const
const failed = (error: string) => ({ call: { error, at: seconds(95) } })
const elsewhere = (netns: number, parts = {}) => listener('0.0.0.0', { sameNetns: false, netns, ...parts })
const closing = { fin: { client: seconds(30) }, finAcked: { client: true, server: false } }

/** One thing is different from what a rule speaks on: it is silent, and this is said instead. */
const MISSES: readonly (readonly [of: VerdictName, what: string, said: VerdictName | undefined, Evidence])[] =
  [
    [
      'refused.no-listener',
      'the server is elsewhere',
      'refused.reset',
      evidence({ wire: refusal(), kernel: { resetSent: REFUSED } }),
    ],
    [
      'refused.no-listener',
      'UDP that a filter rejects',
      'refused.firewall-reject',
      evidence({
        ...AT_SERVER,
        proto: 'udp',
        wire: { icmp: icmp('port unreachable', 3, 3, 'ECONNREFUSED', SERVER.addr) },
        kernel: { drops: [drop({ segment: 'datagram' })] },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'refused.wrong-address',
      'another one takes the address too',
      'refused.no-listener',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { resetSent: REFUSED },
        socket: { listeners: [listener('127.0.0.1', { accepts: false }), listener('10.0.0.2')] },
      }),
    ],
    [
      'refused.wrong-family',
      'there is one in the same family too',
      'refused.wrong-address',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { resetSent: REFUSED },
        socket: {
          listeners: [listener('::1', { accepts: false }), listener('127.0.0.1', { accepts: false })],
        },
      }),
    ],
    [
      'refused.wrong-netns',
      'two other namespaces listen',
      'refused.no-listener',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { resetSent: REFUSED },
        socket: { listeners: [elsewhere(2), elsewhere(3)] },
      }),
    ],
    [
      'refused.wrong-netns',
      'not every namespace could be looked into',
      'refused.no-listener',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { resetSent: REFUSED },
        socket: { listeners: [elsewhere(2)], everyNetns: false },
      }),
    ],
    [
      'refused.wrong-netns',
      'the other listener would not take the address',
      'refused.no-listener',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { resetSent: REFUSED },
        socket: { listeners: [elsewhere(2, { accepts: false })] },
      }),
    ],
    [
      'refused.firewall-reject',
      'resets without a socket are not told here',
      'refused.reset',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { unwatched: ['reset'] },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'refused.firewall-reject',
      'the server counted a reset that was not told',
      'refused.reset',
      evidence({
        ...AT_SERVER,
        wire: refusal(),
        kernel: { untold: { server: true } },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'refused.firewall-reject',
      'connect() was refused, and no ICMP error came',
      'refused.no-listener',
      evidence({
        here: { client: true, server: true },
        ended: true,
        kernel: {
          error: { side: 'client', name: 'ECONNREFUSED', at: seconds(95) },
          counters: { client: { AttemptFails: 1 } },
        },
      }),
    ],
    [
      'reset.injected',
      'the server counted a reset that was not told',
      'reset.by-peer',
      evidence({
        here: { client: true, server: true },
        ended: true,
        wire: connected({ reset: reset() }),
        kernel: {
          error: { side: 'client', name: 'ECONNRESET', at: seconds(95) },
          states: { client: 'CLOSE', server: 'CLOSE' },
          untold: { server: true },
        },
      }),
    ],
    [
      'reset.by-us',
      'no RST of ours was seen, and whether we sent one is not known',
      undefined,
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected(),
        kernel: {
          error: { side: 'client', name: 'ECONNRESET', at: seconds(95) },
          states: { client: 'CLOSE', server: 'ESTABLISHED' },
          untold: { server: true },
        },
      }),
    ],
    [
      'refused.firewall-reject',
      'the RST was forwarded: a published address',
      'refused.reset',
      evidence({ ...AT_SERVER, wire: refusal({ ttl: 63 }), socket: { listeners: [listener()] } }),
    ],
    [
      'refused.reset',
      'an RST that the client ignores',
      undefined,
      evidence({ wire: refusal({ effect: 'ignored' }) }),
    ],
    ['timeout.no-answer', 'the second SYN', undefined, evidence({ wire: syns(2) })],
    [
      'timeout.no-answer',
      'the run ends half a second after the SYN',
      undefined,
      evidence({ finishing: true, now: seconds(90.5), wire: syns(1) }),
    ],
    [
      'timeout.no-answer',
      'the client gave the handshake up',
      undefined,
      evidence({ ended: true, wire: syns(1, { synAcks: 1, synAckRefused: true }) }),
    ],
    [
      'timeout.dropped-out',
      'a router in a namespace of this machine',
      'timeout.no-answer',
      evidence({ wire: syns(3), kernel: { netns: { client: 1 }, drops: [drop({ netns: 9 })] } }),
    ],
    [
      'timeout.dropped-in',
      'a rule that dropped nothing',
      'timeout.no-answer',
      evidence({
        ...AT_SERVER,
        wire: syns(3),
        socket: { listeners: [listener()], firewall: [rule('input', 'drop', 'server')] },
      }),
    ],
    [
      'timeout.accept-queue',
      'as many wait as the backlog says: one more fits',
      'timeout.no-answer',
      evidence({ ...AT_SERVER, wire: syns(3), socket: { listeners: [fullListener(128)] } }),
    ],
    [
      'timeout.accept-queue',
      "another listener's overflows",
      'timeout.no-answer',
      evidence({
        ...AT_SERVER,
        wire: syns(3),
        kernel: { counters: { server: { ListenOverflows: 3 } } },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'timeout.syn-queue',
      'cookies are sent instead',
      'timeout.no-answer',
      evidence({
        ...AT_SERVER,
        wire: syns(3),
        kernel: { counters: { server: { TCPReqQFullDoCookies: 3 } } },
        socket: { listeners: [fullListener(0, 2, 3)], sysctls: { 'net.ipv4.tcp_syncookies': '1' } },
      }),
    ],
    [
      'timeout.handshake-stuck',
      'one SYN+ACK, as in a scan',
      undefined,
      evidence({ ...AT_SERVER, wire: syns(1, { synAcks: 1 }) }),
    ],
    [
      'timeout.stale-state',
      'the SYN after the ACK was answered',
      undefined,
      evidence({ wire: connected({ staleAck: true }) }),
    ],
    [
      'unreachable.host',
      'only noted, and connect() goes on',
      undefined,
      evidence({
        wire: syns(1, { icmp: { ...icmp('host unreachable', 3, 1, 'EHOSTUNREACH'), effective: false } }),
      }),
    ],
    [
      'unreachable.host',
      'of an established connection',
      undefined,
      evidence({ wire: connected({ icmp: icmp('host unreachable', 3, 1, 'EHOSTUNREACH') }) }),
    ],
    [
      'unreachable.no-route',
      'the SYN went out: a router said it',
      'unreachable.net',
      evidence({
        ended: true,
        result: { error: 'ENETUNREACH' },
        wire: syns(1, { icmp: icmp('net unreachable', 3, 0, 'ENETUNREACH') }),
      }),
    ],
    [
      'unreachable.no-route',
      'way back: the queue overflowed as well',
      'timeout.no-answer',
      evidence({
        ...AT_SERVER,
        wire: syns(3),
        kernel: { counters: { server: { ListenDrops: 3, ListenOverflows: 3, OutNoRoutes: 3 } } },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'unreachable.blackhole',
      'EINVAL by a unicast route',
      'inconclusive',
      evidence({ ended: true, kernel: failed('EINVAL'), socket: { route: { kind: 'unicast' } } }),
    ],
    [
      'unreachable.prohibited',
      'EACCES by a unicast route',
      'denied.local',
      evidence({ ended: true, kernel: failed('EACCES'), socket: { route: { kind: 'unicast' } } }),
    ],
    [
      'unreachable.neighbor',
      'a router said it',
      'unreachable.host',
      evidence({
        ended: true,
        wire: syns(1, { icmp: icmp('host unreachable', 3, 1, 'EHOSTUNREACH') }),
        kernel: { error: { side: 'client', name: 'EHOSTUNREACH', at: seconds(95) } },
        socket: { route: { kind: 'unicast', neighbor: 'FAILED', neighborAddress: '10.0.0.9' } },
      }),
    ],
    [
      'unreachable.neighbor',
      'an output rule of this host said it',
      'unreachable.host',
      evidence({
        ended: true,
        wire: { icmp: icmp('host unreachable', 3, 1, 'EHOSTUNREACH', CLIENT.addr) },
        kernel: { error: { side: 'client', name: 'EHOSTUNREACH', at: seconds(95) }, drops: [drop()] },
        socket: { route: { kind: 'unicast', neighbor: 'FAILED', neighborAddress: '10.0.0.2' } },
      }),
    ],
    [
      'unreachable.ttl-exceeded',
      'another code of the same message',
      'unreachable.ttl-exceeded',
      evidence({ ended: true, wire: syns(1, { icmp: icmp('time exceeded', 11, 1, 'EHOSTUNREACH') }) }),
    ],
    [
      'reset.by-peer',
      'both ends had closed',
      undefined,
      evidence({
        ended: true,
        wire: connected({ reset: reset({ after: 'fin', receiverState: 'TIME_WAIT' }) }),
      }),
    ],
    ['reset.by-peer', 'late', undefined, evidence({ wire: connected({ reset: reset({ effect: 'late' }) }) })],
    [
      'reset.by-peer',
      'answered by a challenge ACK',
      undefined,
      evidence({ wire: connected({ reset: reset({ effect: 'pending' }) }) }),
    ],
    [
      'refused.no-listener',
      "the client's host drops the RST, so that it goes on waiting",
      undefined,
      evidence({
        ...AT_SERVER,
        here: { client: true, server: true },
        wire: refusal(),
        kernel: {
          resetSent: REFUSED,
          netns: { client: 1, server: 2 },
          drops: [drop({ sender: 'server', segment: 'rst', netns: 1, at: 'client' })],
        },
      }),
    ],
    [
      'refused.no-listener',
      "the client's host dropped the RST until the client gave up",
      'timeout.dropped-in',
      evidence({
        here: { client: true, server: true },
        ended: true,
        wire: refusal(),
        kernel: {
          resetSent: REFUSED,
          netns: { client: 1, server: 2 },
          error: { side: 'client', name: 'ETIMEDOUT', at: seconds(98) },
          drops: [drop({ sender: 'server', segment: 'rst', netns: 1, at: 'client' })],
        },
      }),
    ],
    [
      'refused.reset',
      'drops are not told, and the socket still waits',
      undefined,
      evidence({
        wire: refusal(),
        kernel: { unwatched: ['drop'] },
        socket: { client: socket('SYN_SENT') },
      }),
    ],
    [
      'reset.aborted',
      "the client's host drops the RST: its socket goes on",
      undefined,
      evidence({
        here: { client: true, server: true },
        wire: connected({ reset: reset() }),
        kernel: {
          resetSent: abort('TCP_STATE'),
          states: { client: 'ESTABLISHED', server: 'CLOSE' },
          netns: { client: 1, server: 2 },
          drops: [drop({ sender: 'server', segment: 'rst', netns: 1, at: 'client' })],
        },
      }),
    ],
    [
      'stalled.no-server-socket',
      'the server had reset it, and the client did not hear',
      'stalled.retransmitting',
      evidence({
        ...AT_SERVER,
        wire: connected({
          established: seconds(79),
          reset: reset({ at: seconds(80) }),
          stuck: stuck({ sender: 'client', since: seconds(81), times: 5 }),
        }),
        kernel: { unwatched: ['drop'] },
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'reset.by-peer',
      'its receiver sends the same data again and again afterwards',
      'stalled.retransmitting',
      evidence({
        wire: connected({
          reset: reset({ at: seconds(80) }),
          stuck: stuck({ sender: 'client', since: seconds(81), times: 5 }),
        }),
        kernel: { unwatched: ['drop'] },
      }),
    ],
    [
      'stalled.retransmitting',
      'its own end gave up, and the RST behind that is dropped',
      'reset.by-us',
      evidence({
        ended: true,
        wire: connected({ reset: reset({ by: 'client' }) }),
        kernel: {
          error: { side: 'client', name: 'ETIMEDOUT', at: seconds(95) },
          netns: { client: 1, server: 2 },
          drops: [drop({ sender: 'client', segment: 'rst', netns: 2, at: 'server' })],
          resetSent: { ...abort('TCP_KEEPALIVE_TIMEOUT'), side: 'client' },
        },
      }),
    ],
    [
      'reset.by-us',
      'the client was reset, its packets show no RST, and the kernel here, which tells every one, sent none',
      undefined,
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected(),
        kernel: { error: { side: 'client', name: 'ECONNRESET', at: seconds(95) } },
      }),
    ],
    [
      'reset.by-us',
      'the client sent it, seen at the server',
      'reset.by-peer',
      evidence({ ...AT_SERVER, ended: true, wire: connected({ reset: reset({ by: 'client' }) }) }),
    ],
    [
      'reset.aborted',
      'its keep-alive probes were not answered',
      'reset.by-us',
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected({ reset: reset() }),
        kernel: { resetSent: abort('TCP_KEEPALIVE_TIMEOUT') },
      }),
    ],
    [
      'reset.unread-data',
      'the client had called close(): its kernel reports no error to anybody',
      undefined,
      evidence({
        here: { client: true, server: true },
        ended: true,
        wire: connected({
          fin: { client: seconds(92) },
          finAcked: { client: true, server: false },
          reset: reset({ after: 'fin', receiverState: 'FIN_WAIT2' }),
        }),
        kernel: { resetSent: abort('TCP_ABORT_ON_CLOSE') },
      }),
    ],
    [
      'reset.aborted',
      'the client had called close(), and packets are not watched',
      undefined,
      {
        ...evidence({
          here: { client: true, server: true },
          ended: true,
          kernel: { resetSent: abort('TCP_STATE'), states: { client: 'CLOSE' }, established: true },
        }),
        wire: { watched: false, why: 'no capture' },
      },
    ],
    [
      'reset.aborted',
      'what the kernel reports is not watched: somebody may have been told',
      'reset.aborted',
      evidence({
        here: { client: true, server: true },
        ended: true,
        wire: connected({
          fin: { client: seconds(92) },
          finAcked: { client: true, server: false },
          reset: reset({ after: 'fin', receiverState: 'FIN_WAIT2' }),
        }),
        kernel: { resetSent: abort('TCP_STATE'), unwatched: ['error'] },
      }),
    ],
    [
      'timeout.no-answer',
      'the capture lost packets, and the socket is connected',
      undefined,
      evidence({ wire: syns(3, { lost: 7 }), socket: { client: socket('ESTABLISHED') } }),
    ],
    [
      'timeout.no-answer',
      'the capture lost packets, the socket is gone and no error was reported',
      undefined,
      evidence({ ended: true, wire: syns(1, { lost: 7 }) }),
    ],
    [
      'timeout.no-answer',
      'the capture lost nothing',
      'timeout.no-answer',
      evidence({ ended: true, wire: syns(1) }),
    ],
    [
      'timeout.handshake-stuck',
      "the capture lost packets, and the server's socket is connected",
      undefined,
      evidence({
        ...AT_SERVER,
        wire: syns(1, { synAcks: 3, lost: 1 }),
        socket: { server: socket('ESTABLISHED') },
      }),
    ],
    [
      'stalled.retransmitting',
      'the capture lost packets, and the own socket has nothing to send again',
      undefined,
      evidence({ wire: connected({ stuck: stuck(), lost: 1 }), socket: { client: socket('ESTABLISHED') } }),
    ],
    [
      'unreachable.no-route',
      'connect() waited before it failed',
      'inconclusive',
      {
        ...evidence({
          ended: true,
          result: { error: 'ENETUNREACH' },
          socket: { route: { kind: 'unicast' } },
        }),
        wire: { watched: false, why: 'no capture' },
        kernel: { watched: false, why: 'no BPF' },
      },
    ],
    [
      'reset.unread-data',
      "the counter is another connection's",
      'reset.aborted',
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected({ reset: reset() }),
        kernel: { resetSent: abort('TCP_STATE'), counters: { server: { TCPAbortOnClose: 1 } } },
      }),
    ],
    [
      'reset.backlog-abort',
      'the setting is off',
      'reset.by-us',
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected({ reset: reset({ after: 'third_ack', flags: 'R' }) }),
        kernel: { unwatched: ['reset'] },
        socket: { listeners: [fullListener()], sysctls: { 'net.ipv4.tcp_abort_on_overflow': '0' } },
      }),
    ],
    [
      'reset.injected',
      'the kernel sent it, whatever its TTL',
      'reset.unread-data',
      evidence({
        ...AT_SERVER,
        ended: true,
        wire: connected({ reset: reset({ ttl: 255, senderWentOn: true }) }),
        kernel: { resetSent: abort('TCP_ABORT_ON_CLOSE') },
      }),
    ],
    [
      'timeout.dropped-in',
      "somebody else's host got the packet",
      'timeout.no-answer',
      evidence({
        wire: syns(3),
        kernel: { netns: { client: 1 }, drops: [drop({ netns: 2, reason: 'OTHERHOST' })] },
      }),
    ],
    [
      'timeout.dropped-in',
      'a SYN that came again, and was answered again',
      'timeout.handshake-stuck',
      evidence({
        ...AT_SERVER,
        wire: syns(3, { synAcks: 3 }),
        kernel: { netns: { server: 1 }, drops: [drop({ reason: 'NOT_SPECIFIED', location: 'tcp_v4_rcv' })] },
      }),
    ],
    [
      'stalled.zero-window',
      'for 4 s',
      undefined,
      evidence({
        now: seconds(95),
        wire: connected({ zeroWindow: { receiver: 'server', since: seconds(91) } }),
      }),
    ],
    [
      'stalled.pmtu',
      'small segments',
      undefined,
      evidence({
        now: seconds(93),
        wire: connected({ stuck: stuck({ times: 3, length: 500, sackedBehind: true }) }),
      }),
    ],
    [
      'stalled.pmtu',
      'the path says its MTU',
      'stalled.retransmitting',
      evidence({
        wire: connected({
          stuck: stuck({ times: 4, length: 1448, sackedBehind: true }),
          icmp: { ...icmp('fragmentation needed', 3, 4), effective: false },
        }),
      }),
    ],
    [
      'stalled.retransmitting',
      'the third time-out, after 2 s',
      undefined,
      evidence({ now: seconds(94), wire: connected({ stuck: stuck({ times: 3 }) }) }),
    ],
    [
      'stalled.accept-queue',
      'one SYN+ACK again: the third ACK was lost',
      undefined,
      evidence({
        ...AT_SERVER,
        wire: connected({ synAcksAfterEstablished: 1 }),
        socket: { listeners: [listener()] },
      }),
    ],
    [
      'stalled.accept-queue',
      'the server came through',
      undefined,
      evidence({
        ...AT_SERVER,
        wire: connected({ synAcksAfterEstablished: 3, bytes: { client: 10, server: 10 } }),
        kernel: { drops: [drop({ segment: 'ack', reason: 'TCP_LISTEN_OVERFLOW' })] },
        socket: { listeners: [fullListener()], server: socket('ESTABLISHED') },
      }),
    ],
    [
      'stalled.no-server-socket',
      'its socket is there',
      'stalled.retransmitting',
      evidence({
        ...AT_SERVER,
        wire: connected({ stuck: stuck() }),
        socket: { listeners: [listener()], server: socket('ESTABLISHED') },
      }),
    ],
    [
      'closed.app-stuck',
      'for 59 s',
      undefined,
      evidence({ ...AT_SERVER, now: seconds(89), wire: connected({ ...closing, last: seconds(30) }) }),
    ],
    [
      'closed.app-stuck',
      'half closed, and data still moves',
      undefined,
      evidence({ ...AT_SERVER, wire: connected({ ...closing, last: seconds(99) }) }),
    ],
    [
      'exhausted.ports',
      'ports are free: the address itself is missing',
      'inconclusive',
      evidence({
        ended: true,
        kernel: failed('EADDRNOTAVAIL'),
        socket: { ports: { used: 10, available: 28232, timeWait: 0 } },
      }),
    ],
    [
      'denied.local',
      'EACCES, and the routes were not looked at',
      'inconclusive',
      evidence({ ended: true, kernel: failed('EACCES') }),
    ],
    ['inconclusive', 'a connection that is well', undefined, evidence({ wire: connected() })],
    [
      'inconclusive',
      'a non-blocking connect()',
      undefined,
      evidence({ result: { error: 'EINPROGRESS' }, wire: syns(1) }),
    ],
  ]

for (const [of, what, said, found] of MISSES)
  test(`not ${of}: ${what}`, () => {
    const finding = judge(found)
    assert.equal(finding?.verdict, said, finding?.summary)
  })

test('a listener on another address is as sure as it is known that it was there before', () => {
  for (const [what, kernel, sure] of [
    ['the kernel found no socket and tells who listens', { resetSent: REFUSED }, 'certain'],
    ['it found none', { resetSent: REFUSED, unwatched: ['state'] }, 'likely'],
    ['it tells who listens', { untold: { server: true } }, 'likely'],
    ['it tells neither', { unwatched: ['state', 'reset'] }, 'possible'],
  ] as const)
    for (const [addr, said] of [
      ['127.0.0.1', 'refused.wrong-address'],
      ['::', 'refused.wrong-family'],
    ] as const) {
      const listeners = [listener(addr, { accepts: false })]
      const found = judge(evidence({ ...AT_SERVER, wire: refusal(), kernel, socket: { listeners } }))
      assert.deepEqual([found?.verdict, found?.confidence], [said, sure], what)
    }
})
