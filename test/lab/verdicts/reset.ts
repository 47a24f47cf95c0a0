import { TELLS_RESET_REASONS } from '../../support/linux.ts'
import { filter, overBoth, type Scenario } from './scenario.ts'

const RST = { final: true, evidence: { wire: /RST/ }, restsOn: 'kernel' } as const
const BY_PEER = { ...RST, restsOn: 'wire' } as const
/** Once the third ACK of the connection from port 6001 is lost on its way, the accept queue fills behind it. */
export const LATE_THIRD_ACK = [
  "sh ip netns exec $RNS nft 'table inet lab { chain forward { type filter hook forward priority 0; tcp sport 6001 tcp flags & (syn|ack) == ack drop; }; }'",
  'connect $A $P port=6001 user_timeout=8000',
  'connect $A $P',
  'older',
  'sh ip netns exec $RNS nft flush ruleset',
] as const

export const RESET: readonly Scenario[] = [
  ...overBoth((family) => ({
    name: 'the server has closed, the client writes on',
    topology: 'pair',
    family,
    server: ['listen $ANY $P', 'accept', 'close'],
    client: ['connect $A $P', 'recv', 'send 10', 'sleep 0.2', 'send 10'],
    errno: 'EPIPE',
    seen: {
      client: { ...BY_PEER, verdict: ['reset.by-peer'] },
      server: { ...RST, verdict: ['reset.by-us'], error: ['EPIPE', 'ECONNRESET', null] },
    },
  })),
  {
    name: 'keep-alive probes are not answered',
    topology: 'router',
    family: 4,
    server: ['listen $ANY $P', 'accept'],
    client: [
      'connect $A $P keepalive=1',
      "sh ip netns exec $RNS nft 'table inet lab { chain forward { type filter hook forward priority 0; policy drop; }; }'",
      'recv 9',
    ],
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        ...RST,
        verdict: ['reset.by-us'],
        summary: /keep-alive probes were not answered/,
        evidence: {
          wire: /RST/,
          kernel: TELLS_RESET_REASONS ? /TCP_KEEPALIVE_TIMEOUT/ : /TCPAbortOnTimeout \+1/,
        },
        without: { wire: ['reset.by-us', 'reset.by-peer'], kernel: ['reset.by-us', 'none'] },
      },
    },
  },
  {
    name: "the client's administrator destroys the socket",
    topology: 'pair',
    family: 4,
    server: ['listen $ANY $P', 'accept'],
    client: ['connect $A $P', 'sh ss -K dport = $P >/dev/null', 'recv'],
    errno: 'ECONNABORTED',
    seen: {
      client: {
        ...RST,
        verdict: ['reset.by-us', 'reset.aborted'],
        error: ['ECONNABORTED', 'ECONNRESET'],
      },
      server: {
        ...BY_PEER,
        verdict: ['reset.by-peer', 'reset.aborted'],
        error: ['ECONNABORTED', 'ECONNRESET'],
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the server closes with linger 0',
    topology: 'pair',
    family,
    server: ['listen $ANY $P', 'accept', 'linger0', 'close'],
    client: ['connect $A $P', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: { ...BY_PEER, verdict: ['reset.by-peer', 'reset.aborted'], summary: /SO_LINGER|reset/ },
      server: {
        ...RST,
        verdict: ['reset.aborted'],
        summary: /SO_LINGER/,
        evidence: {
          wire: /RST/,
          kernel: TELLS_RESET_REASONS ? /TCP_STATE|TCP_ABORT_ON_LINGER/ : /TCPAbortOnData \+1/,
        },
      },
    },
  })),
  {
    name: 'loopback: the server closes with linger 0',
    topology: 'local',
    family: 6,
    server: ['listen $ANY $P', 'accept', 'linger0', 'close'],
    client: ['connect $A $P', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: { ...RST, verdict: ['reset.aborted'] },
    },
  },
  {
    name: 'the listener closes with a connection in its queue',
    topology: 'pair',
    family: 4,
    server: ['listen $ANY $P', 'wait', 'unlisten $P'],
    client: ['connect $A $P', 'sh kill -USR1 $SPID', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: { ...BY_PEER, verdict: ['reset.by-peer', 'reset.aborted'], summary: /listener|reset/ },
      server: {
        ...RST,
        ...(TELLS_RESET_REASONS
          ? { verdict: ['reset.aborted'], summary: /listener/ }
          : { verdict: ['reset.by-us'], error: [null] }),
        evidence: { wire: /RST/, kernel: TELLS_RESET_REASONS ? /TCP_STATE/ : /RST by the server's host/ },
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the server closes with data unread',
    topology: 'pair',
    family,
    server: ['listen $ANY $P', 'accept', 'wait', 'close'],
    client: ['connect $A $P', 'send 100', 'sh kill -USR1 $SPID', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: { ...BY_PEER, verdict: ['reset.by-peer', 'reset.unread-data'] },
      server: {
        ...RST,
        verdict: ['reset.unread-data'],
        evidence: {
          wire: /RST/,
          kernel: TELLS_RESET_REASONS ? /TCP_ABORT_ON_CLOSE/ : /TCPAbortOnClose \+1/,
          process: /python3/,
        },
      },
    },
  })),
  {
    name: 'loopback: the server closes with data unread',
    topology: 'local',
    family: 4,
    server: ['listen $ANY $P', 'accept', 'wait', 'close'],
    client: ['connect $A $P', 'send 100', 'sh kill -USR1 $SPID', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: {
        ...RST,
        verdict: ['reset.unread-data'],
        evidence: { wire: /RST/, kernel: TELLS_RESET_REASONS ? /TCP_ABORT_ON_CLOSE/ : /TCPAbortOnClose \+1/ },
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the accept queue is full and the server resets',
    topology: 'router',
    family,
    setup: { server: ['echo 1 >/proc/sys/net/ipv4/tcp_abort_on_overflow'] },
    server: ['listen $ANY $P backlog=0'],
    client: [...LATE_THIRD_ACK, 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: { ...BY_PEER, verdict: ['reset.by-peer', 'reset.backlog-abort'] },
      server: {
        ...RST,
        verdict: ['reset.backlog-abort'],
        evidence: { wire: /RST/, kernel: /INVALID_SYN/ },
        advice: /tcp_abort_on_overflow/,
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'a middlebox forges a reset',
    topology: 'router',
    family,
    server: ['listen $ANY $P', 'echo $P'],
    forger: { at: 'router', args: 'rst iface=eth1 src=$A dst=$C ttl=200' },
    client: ['connect $A $P', 'send 100', 'recv', 'sleep 0.3', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: {
        verdict: ['reset.injected'],
        final: true,
        evidence: { wire: /TTL|hop/i },
        restsOn: 'wire',
        without: { wire: ['reset.injected', 'reset.by-peer', 'inconclusive'], kernel: ['reset.by-peer'] },
      },
      server: {
        // Only the client's kernel, on the same machine, tells of it here.
        verdict: ['reset.injected'],
        restsOn: 'kernel',
        without: { socket: ['none'], kernel: ['none'], file: ['none'] },
      },
    },
  })),
  {
    name: 'idle for longer than the middlebox remembers',
    topology: 'router',
    family: 4,
    setup: {
      router: [
        filter('forward', 'ct state invalid reject with tcp reset'),
        'echo 1 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established',
        'echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose',
      ],
    },
    server: ['listen $ANY $P', 'echo $P'],
    client: ['connect $A $P', 'send 10', 'recv', 'sleep 3', 'send 10', 'recv'],
    errno: 'ECONNRESET',
    seen: {
      client: {
        ...BY_PEER,
        verdict: ['reset.by-peer', 'reset.injected'],
      },
    },
  },
]
