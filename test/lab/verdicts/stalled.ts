import { LATE_THIRD_ACK } from './reset.ts'
import { filter, overBoth, type Scenario } from './scenario.ts'

const STUCK = { error: [null], final: false } as const
/** What the client will be told once it gives up. */
const DOOMED = { error: [null, 'ETIMEDOUT'] } as const
const RETRANSMITTING = ['stalled.retransmitting', 'inconclusive', 'none'] as const

export const STALLED: readonly Scenario[] = [
  ...overBoth((family) => ({
    name: 'the server never reads',
    topology: 'pair',
    family,
    server: ['listen $ANY $P rcvbuf=4096', 'accept'],
    client: ['connect $A $P', 'pour 0.5'],
    errno: 'waited',
    patience: 9,
    seen: {
      client: {
        ...STUCK,
        verdict: ['stalled.zero-window'],
        evidence: { wire: /window/i },
        restsOn: 'wire',
        without: {
          wire: ['stalled.zero-window', 'inconclusive', 'none'],
          file: ['stalled.zero-window', 'none'],
        },
      },
      server: {
        ...STUCK,
        verdict: ['stalled.zero-window'],
        evidence: { wire: /window/i, socket: /unread|recv|queue/i, process: /python3/ },
        restsOn: 'wire',
        without: {
          wire: ['stalled.zero-window', 'inconclusive', 'none'],
          file: ['stalled.zero-window', 'none'],
        },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'large packets vanish and nobody says so',
    topology: 'router',
    family,
    setup: {
      router: [
        'ip link set eth1 mtu 1300',
        "nft 'table inet lab { chain output { type filter hook output priority 0; icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }; }'",
      ],
    },
    server: ['listen $ANY $P', 'echo $P'],
    client: ['connect $A $P user_timeout=6000', 'send 100', 'recv', 'send 4000', 'recv 9'],
    errno: 'ETIMEDOUT',
    patience: 4,
    seen: {
      client: {
        verdict: ['stalled.pmtu'],
        final: true,
        evidence: { wire: /\d/ },
        advice: /tcp_mtu_probing|MSS|mtu/i,
        restsOn: 'wire',
        without: { wire: ['stalled.pmtu', ...RETRANSMITTING] },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'the path goes away in the middle of a connection',
    topology: 'router',
    family,
    server: ['listen $ANY $P', 'echo $P'],
    client: [
      'connect $A $P user_timeout=5000',
      'send 100',
      'recv',
      "sh ip netns exec $RNS nft 'table inet lab { chain forward { type filter hook forward priority 0; policy drop; }; }'",
      'send 100',
      'recv 9',
    ],
    errno: 'ETIMEDOUT',
    patience: 4,
    seen: {
      client: {
        verdict: ['stalled.retransmitting'],
        final: true,
        evidence: { wire: /again|retransmi/i },
        restsOn: 'wire',
        without: { wire: ['stalled.retransmitting', 'inconclusive', 'none'] },
      },
      server: { verdict: 'none', restsOn: 'wire' },
    },
  })),
  {
    name: 'the client drops the reset on its way in, and writes on',
    topology: 'pair',
    family: 4,
    setup: { client: [filter('input', 'tcp flags & rst == rst drop')] },
    server: ['listen $ANY $P', 'accept', 'wait', 'linger0', 'close'],
    client: ['connect $A $P user_timeout=5000', 'sh kill -USR1 $SPID', 'sleep 0.2', 'send 100', 'recv 9'],
    errno: 'ETIMEDOUT',
    patience: 4,
    seen: {
      client: {
        verdict: ['stalled.retransmitting'],
        final: true,
        // Until the client writes again, the RST in a file passes for one that was taken.
        error: ['ETIMEDOUT', 'ECONNRESET'],
        evidence: { wire: /RST/, kernel: /server's RST dropped on the client's host: NETFILTER_DROP/ },
        summary: /that end had reset the connection, and the client's host drops its RST/,
        rule: 'client',
        restsOn: 'wire',
        without: { wire: RETRANSMITTING, file: ['stalled.retransmitting', 'reset.by-peer'] },
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the third ACK finds the accept queue full',
    topology: 'router',
    family,
    setup: { server: ['echo 5 >/proc/sys/net/ipv4/tcp_synack_retries'] },
    server: ['listen $ANY $P backlog=0'],
    client: [...LATE_THIRD_ACK, 'send 10'],
    errno: null,
    patience: 8,
    seen: {
      client: {
        ...DOOMED,
        verdict: ['stalled.accept-queue', 'stalled.retransmitting'],
        restsOn: 'wire',
        // The kernel of the other namespace told it before the packets alone could.
        without: {
          wire: ['stalled.accept-queue', ...RETRANSMITTING],
          file: ['stalled.accept-queue', ...RETRANSMITTING],
        },
      },
      server: {
        ...DOOMED,
        verdict: ['stalled.accept-queue'],
        evidence: { socket: /queue/, kernel: /TCP_LISTEN_OVERFLOW|ListenOverflows/ },
        advice: /backlog|somaxconn/,
        restsOn: 'socket',
        without: { wire: ['stalled.accept-queue', ...RETRANSMITTING] },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'the cookie comes back and finds the accept queue full',
    topology: 'router',
    family,
    setup: { server: ['echo 2 >/proc/sys/net/ipv4/tcp_syncookies'] },
    server: ['listen $ANY $P backlog=0'],
    client: [...LATE_THIRD_ACK, 'send 10'],
    errno: null,
    patience: 8,
    seen: {
      client: {
        ...DOOMED,
        verdict: ['stalled.no-server-socket', 'stalled.retransmitting'],
        restsOn: 'wire',
        without: { wire: ['stalled.no-server-socket', ...RETRANSMITTING] },
      },
      server: {
        ...DOOMED,
        verdict: ['stalled.no-server-socket'],
        evidence: { kernel: /SyncookiesRecv|ListenOverflows|NO_SOCKET/ },
        restsOn: 'socket',
        without: { wire: ['stalled.no-server-socket', ...RETRANSMITTING] },
      },
    },
  })),
]
