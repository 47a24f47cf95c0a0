import type { Evidence } from '../../src/diagnose/evidence.ts'
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

/** Evidence that a rule speaks on, and what may be said of it when planes are taken away. */
export interface Case {
  readonly name: string
  readonly verdict: VerdictName
  readonly error?: string
  readonly confidence?: 'certain' | 'likely' | 'possible'
  readonly summary?: RegExp
  readonly advice?: RegExp
  readonly evidence: Evidence
  /** Less specific and still true; `inconclusive` and silence always are. */
  readonly less?: readonly VerdictName[]
}

const AT_SERVER = { here: { client: false, server: true } }
const BOTH = { here: { client: true, server: true } }
const COUNTERS = (server: Record<string, number>) => ({ counters: { server } })
const NO_SOCKET_SENT = {
  side: 'server',
  reason: 'NO_SOCKET',
  state: null,
  active: false,
  at: seconds(95),
} as const
const SENT = (reason: string | null, active = true, state = 'ESTABLISHED') =>
  ({ side: 'server', reason, state, active, at: seconds(95) }) as const
const CALL = (error: string) => ({ call: { error, at: seconds(95) } })
const ERROR = (name: string, side: 'client' | 'server' = 'client') => ({
  error: { side, name, at: seconds(95) },
})

/** connect() failed at once; neither packets nor the kernel are watched, the routes can be asked. */
const UNPRIVILEGED = (error: string, kind: 'none' | 'prohibit'): Evidence => ({
  ...evidence({ ended: true, result: { error, immediate: true }, socket: { route: { kind } } }),
  wire: { watched: false, why: 'no capture' },
  kernel: { watched: false, why: 'no BPF' },
})

const REFUSED: readonly Case[] = [
  {
    name: 'nothing listens',
    verdict: 'refused.no-listener',
    error: 'ECONNREFUSED',
    confidence: 'certain',
    summary: /^Nothing listens on port 8080 of 10\.0\.0\.2; nginx\[77\] held it until 12 s before\.$/,
    evidence: evidence({
      ...BOTH,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: {
        lastListener: { process: { pid: 77, comm: 'nginx', attribution: 'socket' }, closedMsAgo: 12_000 },
      },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'a listener that came since',
    verdict: 'refused.no-listener',
    confidence: 'likely',
    summary: /nginx\[77\] has come since/,
    evidence: evidence({
      ...AT_SERVER,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT, drops: [drop({ reason: 'NO_SOCKET' })] },
      socket: { listeners: [listener()] },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'a listener on another address that came since',
    verdict: 'refused.no-listener',
    confidence: 'certain',
    summary: /^Nothing listens on port 8080 of 10\.0\.0\.2\.$/,
    evidence: evidence({
      ...AT_SERVER,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: { listeners: [listener('127.0.0.1', { accepts: false, younger: true })] },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'UDP, another host',
    verdict: 'refused.no-listener',
    error: 'ECONNREFUSED',
    evidence: evidence({
      proto: 'udp',
      wire: { icmp: icmp('port unreachable', 3, 3, 'ECONNREFUSED', SERVER.addr) },
    }),
  },
  {
    name: 'listens on loopback only',
    verdict: 'refused.wrong-address',
    error: 'ECONNREFUSED',
    confidence: 'certain',
    summary:
      /^Nginx\[77\] listens on port 8080, but only on 127\.0\.0\.1; this connection went to 10\.0\.0\.2\.$/i,
    advice: /connect to 127\.0\.0\.1:8080, or let it listen on 0\.0\.0\.0 or 10\.0\.0\.2/,
    evidence: evidence({
      ...BOTH,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: { listeners: [listener('127.0.0.1', { accepts: false })] },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'listens by IPv6 only',
    verdict: 'refused.wrong-family',
    summary: /only by IPv6 \(\[::\]:8080 \(IPv6 only\)\); this connection came by IPv4/,
    advice: /bindv6only/,
    evidence: evidence({
      ...AT_SERVER,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: { listeners: [listener('::', { accepts: false }, { v6only: true })] },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'listens in another namespace',
    verdict: 'refused.wrong-netns',
    confidence: 'possible',
    advice: /ip netns exec web /,
    evidence: evidence({
      ...BOTH,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: { listeners: [listener('0.0.0.0', { sameNetns: false, netns: 2, netnsName: 'web' })] },
    }),
    less: ['refused.no-listener', 'refused.reset'],
  },
  {
    name: 'listens in a namespace whose address is published',
    verdict: 'refused.wrong-netns',
    confidence: 'likely',
    advice: /nsenter -t 4021 -n /,
    evidence: evidence({
      ...BOTH,
      wire: refusal(),
      kernel: { resetSent: NO_SOCKET_SENT },
      socket: {
        listeners: [
          listener('0.0.0.0', { sameNetns: false, netns: 2, netnsName: 'pid 4021', reachable: true }),
        ],
      },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'ICMP port unreachable to a SYN',
    verdict: 'refused.firewall-reject',
    error: 'ECONNREFUSED',
    confidence: 'certain',
    summary: /ICMP port unreachable from 10\.0\.0\.254/,
    evidence: evidence({
      ended: true,
      wire: syns(1, { icmp: icmp('port unreachable', 3, 3, 'ECONNREFUSED') }),
    }),
  },
  {
    name: 'an RST that no socket sent',
    verdict: 'refused.firewall-reject',
    confidence: 'likely',
    evidence: evidence({ ...AT_SERVER, wire: refusal(), socket: { listeners: [listener()] } }),
    less: ['refused.reset'],
  },
  {
    name: 'a rule that rejects with a reset',
    verdict: 'refused.firewall-reject',
    confidence: 'certain',
    advice: /nft delete rule inet filter input handle 5/,
    evidence: evidence({
      ...AT_SERVER,
      wire: refusal(),
      socket: { listeners: [listener()], firewall: [rule('input', 'reject', 'server')] },
    }),
    less: ['refused.reset'],
  },
  {
    name: 'the own host rejects what goes out',
    verdict: 'refused.firewall-reject',
    advice: /on the client's host: nft delete rule/,
    evidence: evidence({
      ended: true,
      kernel: { ...ERROR('ECONNREFUSED'), drops: [drop()] },
      socket: { firewall: [rule('output', 'reject', 'client')] },
    }),
  },
  {
    name: 'RST from another host',
    verdict: 'refused.reset',
    error: 'ECONNREFUSED',
    confidence: 'certain',
    evidence: evidence({
      ended: true,
      wire: refusal(),
      kernel: { ...ERROR('ECONNREFUSED'), resetReceived: { side: 'client', at: seconds(95) } },
    }),
  },
]

const TIMEOUT: readonly Case[] = [
  {
    name: 'SYNs into silence',
    verdict: 'timeout.no-answer',
    error: 'ETIMEDOUT',
    confidence: 'certain',
    summary:
      /^3 SYNs of curl\[4021\] to 10\.0\.0\.2:8080 got no answer: .*; connect\(\) gives up after 131 s\.$/i,
    evidence: evidence({
      wire: syns(3, { givesUpAfterSeconds: 131 }),
      process: { client: { pid: 4021, comm: 'curl', attribution: 'tracepoint' } },
    }),
  },
  {
    name: 'the own host drops the SYN',
    verdict: 'timeout.dropped-out',
    error: 'ETIMEDOUT',
    confidence: 'certain',
    advice: /nft delete rule inet filter output handle 5/,
    evidence: evidence({
      ended: true,
      kernel: {
        ...ERROR('ETIMEDOUT'),
        netns: { client: 1 },
        drops: [drop({ count: 3 })],
        retransmits: { client: 2, server: 0 },
        retransmitError: 'EPERM',
      },
      socket: { firewall: [rule('output', 'drop', 'client')], client: socket('SYN_SENT') },
    }),
  },
  {
    name: 'sending the SYN fails, drops are not told',
    verdict: 'timeout.dropped-out',
    confidence: 'likely',
    evidence: evidence({
      kernel: {
        unwatched: ['drop'],
        retransmits: { client: 2, server: 0 },
        retransmitError: 'EPERM',
        states: { client: 'SYN_SENT' },
      },
    }),
  },
  {
    name: "the server's host drops the SYN",
    verdict: 'timeout.dropped-in',
    confidence: 'certain',
    summary: /was dropped on arrival at the server's host: NETFILTER_DROP, rule inet filter input handle 5/,
    advice: /nft delete rule inet filter input handle 5/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: { drops: [drop({ count: 3 })] },
      socket: { listeners: [listener()], firewall: [rule('input', 'drop', 'server')] },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'loopback: dropped on its way in',
    verdict: 'timeout.dropped-in',
    evidence: evidence({
      ...BOTH,
      wire: syns(3),
      kernel: { drops: [drop()], netns: { client: 1 } },
      socket: { listeners: [listener()] },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'the reverse path filter, by its reason',
    verdict: 'timeout.dropped-in',
    advice: /rp_filter=2/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: { drops: [drop({ reason: 'IP_RPFILTER', location: 'ip_rcv_finish_core' })] },
      socket: {
        listeners: [listener()],
        returnRoute: { kind: 'none', error: 'ENETUNREACH' },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
      },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'the reverse path filter, by its counter',
    verdict: 'timeout.dropped-in',
    confidence: 'likely',
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: { unwatched: ['drop'], ...COUNTERS({ IPReversePathFilter: 3 }) },
      socket: { listeners: [listener()] },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'connection tracking is full',
    verdict: 'timeout.dropped-in',
    advice: /nf_conntrack_max=2000/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: { drops: [drop({ location: 'nf_hook_slow' })] },
      socket: { listeners: [listener()], conntrack: { server: { count: 1000, max: 1000 } } },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'the client drops the answer',
    verdict: 'timeout.dropped-in',
    summary: /^The SYN\+ACK of the server .* at the client's host/,
    evidence: evidence({
      wire: syns(3, { synAcks: 3 }),
      kernel: { netns: { client: 1 }, drops: [drop({ sender: 'server', segment: 'syn_ack' })] },
    }),
    less: ['timeout.handshake-stuck'],
  },
  {
    name: 'the accept queue is full',
    verdict: 'timeout.accept-queue',
    confidence: 'certain',
    summary: /^nginx\[77\] does not accept\(\) fast enough.*\(129 wait, the backlog is 128\)/i,
    advice: /sysctl -w net\.core\.somaxconn=512/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: COUNTERS({ ListenOverflows: 3, ListenDrops: 3 }),
      socket: { listeners: [fullListener()], sysctls: { 'net.core.somaxconn': '128' } },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'the SYN queue is full',
    verdict: 'timeout.syn-queue',
    confidence: 'certain',
    advice: /tcp_syncookies=1/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: COUNTERS({ TCPReqQFullDrop: 3, ListenDrops: 3 }),
      socket: { listeners: [fullListener(0, 2, 3)], sysctls: { 'net.ipv4.tcp_syncookies': '0' } },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'the last quarter of the SYN queue is reserved',
    verdict: 'timeout.syn-queue',
    confidence: 'likely',
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: COUNTERS({ ListenDrops: 3 }),
      socket: {
        listeners: [fullListener(0, 128, 97)],
        sysctls: { 'net.ipv4.tcp_syncookies': '0', 'net.ipv4.tcp_max_syn_backlog': '128' },
      },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'SYN+ACKs into silence',
    verdict: 'timeout.handshake-stuck',
    confidence: 'certain',
    evidence: evidence({ ...AT_SERVER, wire: syns(1, { synAcks: 3 }), kernel: { synAckRetransmits: 2 } }),
  },
  {
    name: 'an ACK of an older connection',
    verdict: 'timeout.stale-state',
    confidence: 'certain',
    evidence: evidence({ wire: syns(3, { staleAck: true }) }),
  },
  {
    name: 'a SYN with an old timestamp',
    verdict: 'timeout.stale-state',
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: { drops: [drop({ reason: 'TCP_RFC7323_TW_PAWS', location: 'tcp_v4_rcv' })] },
    }),
    less: ['timeout.no-answer'],
  },
]

const UNREACHABLE: readonly Case[] = [
  ...(
    [
      ['unreachable.host', 'host unreachable', 3, 1, 'EHOSTUNREACH'],
      ['unreachable.net', 'net unreachable', 3, 0, 'ENETUNREACH'],
      ['unreachable.prohibited', 'net prohibited', 3, 9, 'ENETUNREACH'],
      ['unreachable.prohibited', 'prohibited by filter', 3, 13, 'EHOSTUNREACH'],
      ['unreachable.ttl-exceeded', 'time to live exceeded', 11, 0, 'EHOSTUNREACH'],
    ] as const
  ).map(
    ([verdict, name, type, code, error]): Case => ({
      name: `ICMP ${name}`,
      verdict,
      error,
      confidence: 'certain',
      summary: /^10\.0\.0\.254 said /,
      evidence: evidence({
        ended: true,
        wire: syns(1, { icmp: icmp(name, type, code, error) }),
        kernel: { ...ERROR(error), states: { client: 'CLOSE' } },
      }),
    }),
  ),
  {
    name: 'ICMPv6 prohibited',
    verdict: 'unreachable.prohibited',
    error: 'EACCES',
    evidence: evidence({
      ended: true,
      client: { addr: 'fd00::1', port: 40000 },
      server: { addr: 'fd00::2', port: 80 },
      wire: syns(1, { icmp: icmp('prohibited by filter', 1, 1, 'EACCES', 'fd00::fe') }),
    }),
  },
  ...(
    [
      ['none', 'ENETUNREACH', 'unreachable.no-route'],
      ['throw', 'ENETUNREACH', 'unreachable.no-route'],
      ['prohibit', 'EACCES', 'unreachable.prohibited'],
      ['blackhole', 'EINVAL', 'unreachable.blackhole'],
      ['unreachable', 'EHOSTUNREACH', 'unreachable.host'],
    ] as const
  ).map(
    ([kind, error, verdict]): Case => ({
      name: `own route: ${kind}`,
      verdict,
      error,
      confidence: 'certain',
      advice: /ip route get 10\.0\.0\.2/,
      evidence: evidence({ ended: true, kernel: CALL(error), socket: { route: { kind, error } } }),
    }),
  ),
  {
    name: 'no route back',
    verdict: 'unreachable.no-route',
    error: 'ETIMEDOUT',
    confidence: 'certain',
    advice: /on the server's host: ip route get 10\.0\.0\.1/,
    evidence: evidence({
      ...AT_SERVER,
      wire: syns(3),
      kernel: COUNTERS({ ListenDrops: 3, OutNoRoutes: 3 }),
      socket: { listeners: [listener()], returnRoute: { kind: 'none', error: 'ENETUNREACH' } },
    }),
    less: ['timeout.no-answer'],
  },
  {
    name: 'nobody answers ARP',
    verdict: 'unreachable.neighbor',
    error: 'EHOSTUNREACH',
    confidence: 'certain',
    summary: /^10\.0\.0\.2 does not answer ARP on eth0/,
    advice: /ip neigh show 10\.0\.0\.2 dev eth0/,
    evidence: evidence({
      ended: true,
      wire: { icmp: icmp('host unreachable', 3, 1, 'EHOSTUNREACH', CLIENT.addr) },
      kernel: {
        ...ERROR('EHOSTUNREACH'),
        drops: [drop({ reason: 'NEIGH_FAILED', location: 'arp_error_report' })],
      },
      socket: { route: { kind: 'unicast', iface: 'eth0', neighbor: 'FAILED', neighborAddress: '10.0.0.2' } },
    }),
    less: ['unreachable.host'],
  },
]

const RESET: readonly Case[] = [
  {
    name: 'by the server, seen at the client',
    verdict: 'reset.by-peer',
    error: 'ECONNRESET',
    confidence: 'certain',
    summary: /^The server reset the connection, after 350 s of silence/,
    advice: /tcp_keepalive_time=175/,
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset(), idleBeforeMs: 350_000 }),
      kernel: { ...ERROR('ECONNRESET'), resetReceived: { side: 'client', at: seconds(95) } },
    }),
  },
  ...(['TCP_KEEPALIVE_TIMEOUT', null] as const).map((reason) => ({
    name: `by the client's kernel, whose probes were not answered, with the reason ${reason}`,
    verdict: 'reset.by-us' as const,
    summary: /its keep-alive probes were not answered/,
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset({ by: 'client', after: 'third_ack', afterMs: 3000 }) }),
      kernel: {
        ...ERROR('ETIMEDOUT'),
        resetSent: { side: 'client' as const, reason, state: 'ESTABLISHED', active: true, at: seconds(95) },
      },
    }),
  })),
  {
    name: 'by the client, which has no socket any more after its retransmissions ran out',
    verdict: 'reset.by-us',
    summary: /^The client reset the connection\.$/,
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset({ by: 'client', after: 'data' }) }),
      kernel: ERROR('ETIMEDOUT'),
    }),
  },
  ...(
    [
      [{ afterMs: 3000 }, {}, /reset the connection before any data/],
      [
        { afterMs: 0 },
        { idleBeforeMs: 60_000 },
        /reset the connection, after 60 s of silence, before any data/,
      ],
    ] as const
  ).map(([when, before, summary]) => ({
    name: `by the server, long after the handshake: ${JSON.stringify([when, before])}`,
    verdict: 'reset.by-peer' as const,
    summary,
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack', ...when }), ...before }),
      kernel: { ...ERROR('ECONNRESET'), resetReceived: { side: 'client' as const, at: seconds(95) } },
    }),
  })),
  {
    name: 'by the server, seen there',
    verdict: 'reset.by-us',
    summary: /it had closed already, and data still came/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({
        reset: reset({ after: 'fin', receiverState: 'CLOSE_WAIT' }),
        fin: { server: seconds(94) },
      }),
      kernel: { resetSent: SENT('TCP_TIMEWAIT_SOCKET', false, 'TIME_WAIT') },
    }),
  },
  {
    name: 'in CLOSE_WAIT',
    verdict: 'reset.by-peer',
    error: 'EPIPE',
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset({ after: 'fin', receiverState: 'CLOSE_WAIT' }) }),
    }),
  },
  {
    name: 'linger 0',
    verdict: 'reset.aborted',
    error: 'ECONNRESET',
    confidence: 'certain',
    summary: /SO_LINGER set to 0/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({ TCPAbortOnData: 1 }), aborts: { server: 1 } },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'somebody else used SO_LINGER while a listener closed',
    verdict: 'reset.aborted',
    confidence: 'likely',
    summary: /SO_LINGER 0, connect\(AF_UNSPEC\), or a listener that closed/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({ TCPAbortOnData: 1 }), aborts: { server: 2 } },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'one of a queue whose listener was told to close, though the counters agree',
    verdict: 'reset.aborted',
    confidence: 'likely',
    summary: /or a listener that closed/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({ TCPAbortOnData: 1 }), aborts: { server: 1 } },
      socket: {
        lastListener: { process: { pid: 77, comm: 'nginx', attribution: 'tracepoint' }, closedMsAgo: 60 },
      },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'a listener that closed',
    verdict: 'reset.aborted',
    confidence: 'certain',
    summary: /closed its listener/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({}), aborts: { server: 1 } },
      socket: {
        lastListener: { process: { pid: 77, comm: 'nginx', attribution: 'tracepoint' }, closedMsAgo: 60 },
      },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'no listener is known to have closed, whatever the counters say',
    verdict: 'reset.aborted',
    confidence: 'likely',
    summary: /SO_LINGER 0, connect\(AF_UNSPEC\), or a listener that closed/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({}), aborts: { server: 1 } },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'one of them, by counters that were read only afterwards',
    verdict: 'reset.aborted',
    confidence: 'likely',
    summary: /SO_LINGER 0, connect\(AF_UNSPEC\), or a listener that closed/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack' }) }),
      kernel: { resetSent: SENT('TCP_STATE'), ...COUNTERS({}) },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'linger 0 on a kernel that gives no reason',
    verdict: 'reset.aborted',
    confidence: 'likely',
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset() }),
      kernel: { resetSent: SENT(null), ...COUNTERS({ TCPAbortOnData: 1 }), aborts: { server: 1 } },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'shutdown() alone: the client still reads, and is told',
    verdict: 'reset.unread-data',
    error: 'ECONNRESET',
    evidence: evidence({
      ...BOTH,
      ended: true,
      wire: connected({
        fin: { client: seconds(92) },
        finAcked: { client: true, server: false },
        reset: reset({ after: 'fin', receiverState: 'FIN_WAIT2' }),
      }),
      kernel: { resetSent: SENT('TCP_ABORT_ON_CLOSE', true, 'CLOSE_WAIT'), ...ERROR('ECONNRESET') },
    }),
    less: ['reset.by-us', 'reset.by-peer'],
  },
  {
    name: 'closed with data unread',
    verdict: 'reset.unread-data',
    error: 'ECONNRESET',
    confidence: 'certain',
    evidence: evidence({
      ...BOTH,
      ended: true,
      wire: connected({ reset: reset() }),
      kernel: { resetSent: SENT('TCP_ABORT_ON_CLOSE'), ...ERROR('ECONNRESET') },
    }),
    less: ['reset.by-peer'],
  },
  {
    name: 'the accept queue was full and the kernel resets',
    verdict: 'reset.backlog-abort',
    error: 'ECONNRESET',
    confidence: 'certain',
    advice: /tcp_abort_on_overflow=0/,
    evidence: evidence({
      ...AT_SERVER,
      ended: true,
      wire: connected({ reset: reset({ after: 'third_ack', flags: 'R' }) }),
      kernel: {
        resetSent: SENT('INVALID_SYN', false, 'LISTEN'),
        ...COUNTERS({ EmbryonicRsts: 1, ListenOverflows: 1 }),
      },
      socket: { listeners: [fullListener()], sysctls: { 'net.ipv4.tcp_abort_on_overflow': '1' } },
    }),
    less: ['reset.by-us'],
  },
  {
    name: 'forged: another TTL, and the server goes on',
    verdict: 'reset.injected',
    confidence: 'likely',
    summary: /its TTL is 200, not 63, that end went on sending/,
    evidence: evidence({
      ended: true,
      wire: connected({ reset: reset({ ttl: 200, usualTtl: 63, senderWentOn: true }) }),
      kernel: { ...ERROR('ECONNRESET'), resetReceived: { side: 'client', at: seconds(95) } },
    }),
    less: ['reset.by-peer'],
  },
  {
    name: "forged: the server's kernel sent none",
    verdict: 'reset.injected',
    confidence: 'likely',
    evidence: evidence({
      ...BOTH,
      ended: true,
      wire: connected({ reset: reset() }),
      kernel: { ...ERROR('ECONNRESET'), states: { client: 'CLOSE', server: 'ESTABLISHED' } },
    }),
    less: ['reset.by-peer'],
  },
  {
    name: 'forged behind the place that is watched: the kernels alone tell',
    verdict: 'reset.injected',
    error: 'ECONNRESET',
    confidence: 'likely',
    evidence: evidence({
      ...BOTH,
      ended: true,
      wire: connected(),
      kernel: { ...ERROR('ECONNRESET'), states: { client: 'CLOSE', server: 'ESTABLISHED' } },
    }),
    less: ['reset.by-peer'],
  },
]

const STALLED: readonly Case[] = [
  {
    name: 'the receiver does not read',
    verdict: 'stalled.zero-window',
    confidence: 'certain',
    summary: /^The server has not read for 9 s \(4096 bytes wait to be read\)/,
    evidence: evidence({
      ...AT_SERVER,
      wire: connected({ zeroWindow: { receiver: 'server', since: seconds(91) } }),
      socket: { server: socket('ESTABLISHED', { recv_q: 4096 }) },
    }),
  },
  {
    name: 'full-sized segments vanish',
    verdict: 'stalled.pmtu',
    confidence: 'likely',
    advice: /tcp_mtu_probing=1/,
    evidence: evidence({
      wire: connected({ stuck: stuck({ times: 3, length: 1448, sackedBehind: true, largestAcked: 100 }) }),
    }),
  },
  {
    name: 'the same data again and again',
    verdict: 'stalled.retransmitting',
    error: 'ETIMEDOUT',
    confidence: 'certain',
    summary: /^The client has sent the same data 5 times/,
    evidence: evidence({ ended: true, wire: connected({ stuck: stuck() }), kernel: ERROR('ETIMEDOUT') }),
  },
  {
    name: 'its program set a short TCP_USER_TIMEOUT',
    verdict: 'stalled.retransmitting',
    error: 'ETIMEDOUT',
    summary: /has sent the same data twice|has sent the same data 2 times/,
    evidence: evidence({
      ended: true,
      wire: connected({ stuck: stuck({ times: 1 }) }),
      kernel: ERROR('ETIMEDOUT'),
    }),
  },
  {
    name: "the socket's own timer",
    verdict: 'stalled.retransmitting',
    evidence: {
      ...evidence({
        socket: {
          client: socket('ESTABLISHED', { send_q: 9, timer: { name: 'on', expires_ms: 800, retrans: 5 } }),
        },
      }),
      wire: { watched: false, why: 'no capture' },
    },
  },
  {
    name: 'the third ACK found the accept queue full',
    verdict: 'stalled.accept-queue',
    confidence: 'certain',
    advice: /listen\(\)/,
    evidence: evidence({
      ...AT_SERVER,
      wire: connected({ synAcksAfterEstablished: 2, stuck: stuck() }),
      kernel: {
        drops: [drop({ segment: 'ack', reason: 'TCP_LISTEN_OVERFLOW' })],
        ...COUNTERS({ ListenOverflows: 3 }),
      },
      socket: { listeners: [fullListener()], server: socket('SYN_RECV', { inode: 0 }) },
    }),
    less: ['stalled.retransmitting'],
  },
  {
    name: 'a cookie that found the accept queue full',
    verdict: 'stalled.no-server-socket',
    confidence: 'certain',
    evidence: evidence({
      ...AT_SERVER,
      wire: connected({ stuck: stuck() }),
      kernel: {
        drops: [drop({ segment: 'data', reason: 'NO_SOCKET', location: 'cookie_v4_check' })],
        ...COUNTERS({ SyncookiesRecv: 3, ListenOverflows: 3 }),
      },
      socket: { listeners: [fullListener()] },
    }),
    less: ['stalled.retransmitting'],
  },
  {
    name: 'a cookie that found the accept queue full, and the client gave up',
    verdict: 'stalled.no-server-socket',
    error: 'ETIMEDOUT',
    evidence: evidence({
      ...BOTH,
      ended: true,
      wire: connected({ stuck: stuck() }),
      kernel: {
        ...ERROR('ETIMEDOUT'),
        established: true,
        drops: [drop({ segment: 'data', reason: 'NO_SOCKET', location: 'cookie_v4_check' })],
      },
      socket: { listeners: [fullListener()] },
    }),
    less: ['stalled.retransmitting'],
  },
  {
    name: 'the program does not close',
    verdict: 'closed.app-stuck',
    confidence: 'likely',
    evidence: evidence({
      ...AT_SERVER,
      wire: connected({
        fin: { client: seconds(30) },
        finAcked: { client: true, server: false },
        last: seconds(30),
      }),
      socket: { server: socket('CLOSE_WAIT') },
    }),
  },
]

const LOCAL: readonly Case[] = [
  {
    name: 'no local port',
    verdict: 'exhausted.ports',
    error: 'EADDRNOTAVAIL',
    confidence: 'certain',
    advice: /ip_local_port_range="1024 65535" \(now 32768-60999\)/,
    evidence: evidence({
      ended: true,
      kernel: CALL('EADDRNOTAVAIL'),
      socket: {
        ports: { used: 28232, available: 28232, timeWait: 28000 },
        sysctls: { 'net.ipv4.ip_local_port_range': '32768 60999' },
      },
    }),
  },
  {
    name: 'a cgroup program',
    verdict: 'denied.local',
    error: 'EPERM',
    confidence: 'certain',
    evidence: evidence({ ended: true, kernel: CALL('EPERM') }),
  },
  {
    name: 'a security module',
    verdict: 'denied.local',
    error: 'EACCES',
    confidence: 'likely',
    evidence: evidence({ ended: true, kernel: CALL('EACCES'), socket: { route: { kind: 'local' } } }),
  },
  {
    name: 'no answer was seen, but the capture lost packets',
    verdict: 'timeout.no-answer',
    confidence: 'possible',
    evidence: evidence({ wire: syns(3, { lost: 7 }), socket: { client: socket('SYN_SENT') } }),
  },
  {
    name: 'no last ACK was seen at the server, but the capture lost packets',
    verdict: 'timeout.handshake-stuck',
    confidence: 'possible',
    evidence: evidence({ ...AT_SERVER, wire: syns(1, { synAcks: 3, lost: 1 }) }),
  },
  {
    name: 'no acknowledgment was seen, but the capture lost packets',
    verdict: 'stalled.retransmitting',
    confidence: 'possible',
    evidence: evidence({ wire: connected({ stuck: stuck(), lost: 1 }) }),
  },
  {
    name: 'the capture lost packets, and the own socket sends the same again',
    verdict: 'stalled.retransmitting',
    confidence: 'certain',
    evidence: evidence({
      wire: connected({ stuck: stuck(), lost: 1 }),
      socket: {
        client: socket('ESTABLISHED', { timer: { name: 'on', expires_ms: 900, retrans: 4 } }),
      },
    }),
  },
  {
    name: 'a missing route, by what connect() returned, without privileges',
    verdict: 'unreachable.no-route',
    error: 'ENETUNREACH',
    confidence: 'certain',
    evidence: UNPRIVILEGED('ENETUNREACH', 'none'),
  },
  {
    name: 'a prohibit route, by what connect() returned, without privileges',
    verdict: 'unreachable.prohibited',
    error: 'EACCES',
    confidence: 'certain',
    evidence: UNPRIVILEGED('EACCES', 'prohibit'),
  },
  {
    name: 'a link-local address without its interface',
    verdict: 'inconclusive',
    error: 'EINVAL',
    confidence: 'certain',
    summary: /EINVAL from connect\(\) to \[fe80::2\]:8080; a link-local address needs its interface/,
    advice: /\[fe80::2%eth0\]:8080/,
    evidence: evidence({
      ended: true,
      client: { addr: '::', port: 0 },
      server: { addr: 'fe80::2', port: 8080 },
      kernel: { call: { error: 'EINVAL', at: seconds(100) } },
    }),
  },
  {
    name: 'refused, and nothing else is known',
    verdict: 'inconclusive',
    error: 'ECONNREFUSED',
    summary: /the wire and the kernel and the socket plane would have to be watched/,
    evidence: {
      ...evidence({ ended: true, result: { error: 'ECONNREFUSED' } }),
      wire: { watched: false, why: 'no capture' },
      kernel: { watched: false, why: 'no BPF' },
      socket: { watched: false, why: 'no sock_diag' },
    },
  },
]

export const CASES: readonly Case[] = [...REFUSED, ...TIMEOUT, ...UNREACHABLE, ...RESET, ...STALLED, ...LOCAL]
