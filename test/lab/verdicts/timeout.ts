import { isLinux } from '../../support/linux.ts'
import { filter, overBoth, type Scenario } from './scenario.ts'

const CONNECT = ['connect $A $P']
const NO_ANSWER = {
  verdict: ['timeout.no-answer'],
  final: true,
  evidence: { wire: /SYN/ },
  restsOn: 'wire',
  without: { wire: ['timeout.no-answer', 'inconclusive'] },
} as const
/** Its packets' sender's address is one that the server's host does not expect where they come in. */
const STRANGER = 'ip address add 10.199.$N.1/32 dev lo'
/** ARP asks in the name of the interface: the server's answer would be lost already. */
const ASK_AS_INTERFACE = 'echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce'

export const TIMEOUT: readonly Scenario[] = [
  ...overBoth((family) => ({
    name: 'a router drops the SYN',
    topology: 'router',
    family,
    setup: { router: [filter('forward', 'tcp dport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      // The router is a namespace of this machine too, but nobody's end.
      client: NO_ANSWER,
      server: { verdict: 'none', restsOn: 'wire' },
    },
  })),
  ...overBoth((family) => ({
    name: 'the own host drops the SYN on its way out',
    topology: 'pair',
    family,
    setup: { client: [filter('output', 'tcp dport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.dropped-out'],
        final: true,
        evidence: { wire: /SYN/, kernel: /NETFILTER_DROP/ },
        rule: 'client',
        restsOn: 'kernel',
        without: { kernel: ['timeout.dropped-out', 'timeout.no-answer', 'inconclusive', 'none'] },
      },
      server: { verdict: 'none', restsOn: 'wire' },
    },
  })),
  ...overBoth((family) => ({
    name: 'the server drops the SYN on its way in',
    topology: 'pair',
    family,
    setup: { server: [filter('input', 'tcp dport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: { ...NO_ANSWER, verdict: ['timeout.no-answer', 'timeout.dropped-in'] },
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { wire: /SYN/, kernel: /NETFILTER_DROP/ },
        rule: 'server',
        restsOn: 'kernel',
      },
    },
  })),
  {
    name: 'loopback: the SYN is dropped on its way in',
    topology: 'local',
    family: 4,
    setup: { client: [filter('input', 'tcp dport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.dropped-in'],
        final: true,
        evidence: { kernel: /NETFILTER_DROP/ },
        rule: 'client',
        restsOn: 'kernel',
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the client drops the answer on its way in',
    topology: 'pair',
    family,
    setup: { client: [filter('input', 'tcp sport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.dropped-in'],
        final: true,
        evidence: { wire: /SYN[+,]ACK/, kernel: /NETFILTER_DROP/ },
        rule: 'client',
        restsOn: 'kernel',
        without: { kernel: ['timeout.dropped-in', 'timeout.handshake-stuck', 'timeout.no-answer'] },
      },
      server: {
        verdict: ['timeout.handshake-stuck', 'timeout.dropped-in'],
        evidence: { wire: /SYN[+,]ACK/ },
        restsOn: 'wire',
      },
    },
  })),
  {
    name: 'the client drops the refusal on its way in',
    topology: 'pair',
    family: 4,
    setup: { client: [filter('input', 'tcp flags & rst == rst drop')] },
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.dropped-in'],
        final: true,
        // Where neither drops nor errors are told the RST passes for one that was taken.
        error: ['ETIMEDOUT', 'ECONNREFUSED'],
        evidence: { wire: /RST/, kernel: /server's RST dropped on the client's host: NETFILTER_DROP/ },
        rule: 'client',
        restsOn: 'kernel',
        without: {
          wire: ['timeout.dropped-in', 'inconclusive'],
          kernel: ['refused.no-listener', 'refused.reset', 'inconclusive'],
          file: ['refused.reset'],
        },
      },
    },
  },
  ...overBoth((family) => ({
    name: 'a router drops the SYN+ACK',
    topology: 'router',
    family,
    setup: { router: [filter('forward', 'tcp sport $P drop')] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: { ...NO_ANSWER, verdict: ['timeout.no-answer', 'timeout.handshake-stuck'] },
      server: {
        verdict: ['timeout.handshake-stuck'],
        evidence: { wire: /SYN[+,]ACK/ },
        restsOn: 'wire',
        without: { wire: ['timeout.handshake-stuck', 'inconclusive', 'none'] },
      },
    },
  })),
  {
    name: 'the client is bound to a device that leads back to itself',
    topology: 'pair',
    family: 4,
    server: ['listen $ANY $P'],
    client: ['connect $A $P device=lo'],
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        ...NO_ANSWER,
        summary: /left by the wrong device/,
        evidence: { wire: /SYN/, kernel: /NO_SOCKET/ },
      },
      server: { verdict: 'none', restsOn: 'wire' },
    },
  },
  {
    name: 'the server does not route back where the SYN came from (rp_filter)',
    topology: 'pair',
    family: 4,
    setup: {
      client: [STRANGER, ASK_AS_INTERFACE],
      server: ['echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'],
    },
    server: ['listen $ANY $P'],
    client: ['connect $A $P from=10.199.$N.1'],
    errno: 'ETIMEDOUT',
    seen: {
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { kernel: /IP_RPFILTER/ },
        advice: /rp_filter|route/,
        restsOn: 'kernel',
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the server has no route back',
    topology: 'pair',
    family,
    setup: { client: [ASK_AS_INTERFACE, family === 4 ? STRANGER : 'ip address add fd99:$N::1/128 dev lo'] },
    server: ['listen $ANY $P'],
    client: [family === 4 ? 'connect $A $P from=10.199.$N.1' : 'connect $A $P from=fd99:$N::1'],
    errno: 'ETIMEDOUT',
    seen: {
      client: { ...NO_ANSWER, verdict: ['timeout.no-answer', 'unreachable.no-route'] },
      server: {
        verdict: ['unreachable.no-route'],
        evidence: { wire: /SYN/ },
        advice: /ip (-6 )?route/,
        restsOn: 'socket',
        without: {
          socket: ['unreachable.no-route', 'timeout.no-answer', 'inconclusive'],
          kernel: ['unreachable.no-route', 'timeout.no-answer', 'inconclusive'],
        },
      },
    },
  })),
  {
    name: "the SYN comes from an address of the server's own",
    topology: 'pair',
    family: 4,
    setup: { client: [STRANGER, ASK_AS_INTERFACE], server: [STRANGER] },
    server: ['listen $ANY $P'],
    client: ['connect $A $P from=10.199.$N.1'],
    errno: 'ETIMEDOUT',
    seen: {
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { kernel: isLinux([6, 13]) ? /IP_LOCAL_SOURCE/ : /NOT_SPECIFIED in ip_rcv_finish/ },
        restsOn: 'kernel',
      },
    },
  },
  ...overBoth((family) => ({
    name: "the listener's socket filter takes nothing",
    topology: 'pair',
    family,
    server: ['listen $ANY $P filter=none'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { kernel: /SOCKET_FILTER/ },
        restsOn: 'kernel',
      },
    },
  })),
  {
    name: "the SYN is sent to somebody else's MAC address",
    topology: 'pair',
    family: 4,
    setup: { client: ['ip neigh replace $A lladdr 02:00:00:00:00:99 dev eth0 nud permanent'] },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: { ...NO_ANSWER, verdict: ['timeout.no-answer', 'timeout.dropped-in'] },
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { kernel: /OTHERHOST/ },
        restsOn: 'kernel',
      },
    },
  },
  {
    name: "the server's ingress hook drops the SYN",
    topology: 'pair',
    family: 4,
    setup: {
      server: [
        "nft 'table netdev lab { chain ingress { type filter hook ingress device eth0 priority 0; tcp dport $P drop; }; }'",
      ],
    },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      server: {
        verdict: ['timeout.dropped-in'],
        evidence: { kernel: /NETFILTER_DROP/ },
        rule: 'server',
        restsOn: 'kernel',
      },
    },
  },
  ...overBoth((family) => ({
    name: 'SYNs with a wrong checksum',
    topology: 'pair',
    family,
    server: ['listen $ANY $P'],
    client: [
      'sh $RAW syn src=$C dst=$A dport=$P sport=20000 bad=1',
      'sleep 1',
      'sh $RAW syn src=$C dst=$A dport=$P sport=20000 bad=1',
    ],
    errno: null,
    seen: {
      server: {
        verdict: ['timeout.dropped-in'],
        error: ['ETIMEDOUT'],
        evidence: { kernel: /TCP_CSUM/ },
        restsOn: 'kernel',
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'the accept queue is full',
    topology: 'pair',
    family,
    server: ['listen $ANY $P backlog=0'],
    before: CONNECT,
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: { ...NO_ANSWER, verdict: ['timeout.no-answer', 'timeout.accept-queue'] },
      server: {
        verdict: ['timeout.accept-queue'],
        evidence: { wire: /SYN/, socket: /queue/, kernel: /ListenOverflows/, process: /python3/ },
        advice: /backlog|somaxconn/,
        restsOn: 'socket',
        without: {
          socket: ['timeout.accept-queue', 'timeout.no-answer', 'inconclusive'],
          wire: ['timeout.accept-queue', 'timeout.no-answer', 'inconclusive', 'none'],
        },
      },
    },
  })),
  {
    name: 'loopback: the accept queue is full',
    topology: 'local',
    family: 4,
    server: ['listen $ANY $P backlog=0'],
    before: CONNECT,
    client: CONNECT,
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.accept-queue'],
        final: true,
        evidence: { socket: /queue/, kernel: /ListenOverflows/ },
        advice: /backlog|somaxconn/,
        restsOn: 'socket',
      },
    },
  },
  {
    name: 'the SYN queue is full and there are no cookies',
    topology: 'pair',
    family: 4,
    setup: {
      server: [
        'echo 0 >/proc/sys/net/ipv4/tcp_syncookies',
        'ip neigh replace 10.$N.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent',
      ],
    },
    server: ['listen $ANY $P backlog=2'],
    client: ['sh $RAW syn src=10.$N.0.77 dst=$A dport=$P count=4', ...CONNECT],
    errno: 'ETIMEDOUT',
    extras: '10.$N.0.77',
    seen: {
      server: {
        verdict: ['timeout.syn-queue'],
        evidence: { wire: /SYN/, kernel: /TCPReqQFullDrop/ },
        advice: /syncookies|backlog/,
        restsOn: 'kernel',
        without: { socket: ['timeout.syn-queue', 'timeout.no-answer', 'inconclusive'] },
      },
    },
  },
  ...overBoth((family) => ({
    name: 'the server still has the connection that the client has forgotten',
    topology: 'router',
    family,
    setup: { router: [filter('forward', 'tcp sport 5555 tcp flags & rst == rst drop')] },
    server: ['listen $ANY $P'],
    before: ['connect $A $P port=5555', 'linger0', 'close'],
    client: ['connect $A $P port=5555'],
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['timeout.stale-state'],
        final: true,
        evidence: { wire: /ACK/ },
        restsOn: 'wire',
        without: { wire: ['timeout.stale-state', 'timeout.no-answer', 'inconclusive'] },
      },
      server: {
        verdict: ['timeout.stale-state'],
        evidence: { wire: /ACK/ },
        restsOn: 'wire',
        without: { wire: ['timeout.stale-state', 'inconclusive', 'none'] },
      },
    },
  })),
  {
    name: 'the name leads to the wrong host',
    topology: 'pair',
    family: 4,
    setup: { client: ['ip neigh replace 10.$N.0.99 lladdr 02:00:00:00:00:99 dev eth0 nud permanent'] },
    server: ['answer-names $ANY app.lab.test=10.$N.0.99'],
    client: ['lookup $A app.lab.test $P'],
    errno: 'ETIMEDOUT',
    seen: { client: { ...NO_ANSWER, serverName: 'app.lab.test' } },
  },
  {
    name: 'the name does not exist',
    topology: 'pair',
    family: 4,
    server: ['answer-names $ANY'],
    client: ['lookup $A nowhere.lab.test $P'],
    errno: 'NXDOMAIN',
    seen: { client: { verdict: 'none', restsOn: 'wire' } },
  },
]
