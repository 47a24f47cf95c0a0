import { filter, overBoth, type Scenario } from './scenario.ts'

const CONNECT = ['connect $A $P']
/** connect() fails before a packet leaves: only the kernel tells, and the routes. */
const AT_ONCE = { final: true, evidence: { wire: /no |nothing/i }, restsOn: 'kernel' } as const
const UNTOLD = { kernel: ['none', 'inconclusive'] } as const

/** A reject of a router's, as an ICMP message of the kind asked for. */
function routerRejects(
  family: 4 | 6,
  kind: string,
  errno: string,
  verdict: 'unreachable.host' | 'unreachable.net' | 'unreachable.prohibited',
): Scenario {
  return {
    name: `a router answers ${kind}, IPv${family}`,
    topology: 'router',
    family,
    setup: {
      router: [
        filter('forward', `tcp dport $P reject with ${family === 4 ? 'icmp' : 'icmpv6'} type ${kind}`),
      ],
    },
    server: ['listen $ANY $P'],
    client: CONNECT,
    errno,
    seen: {
      client: {
        verdict: [verdict],
        final: true,
        evidence: { wire: family === 4 ? /10\.\d+\.0\.254/ : /fd00:[\da-f]+::fe/ },
        restsOn: 'wire',
        without: { wire: [verdict, 'timeout.no-answer', 'inconclusive'] },
      },
      server: { verdict: 'none', restsOn: 'wire' },
    },
  }
}

/** A route of the client's own that says no. */
function ownRoute(
  family: 4 | 6,
  kind: string,
  errno: string,
  verdict: 'unreachable.host' | 'unreachable.prohibited' | 'unreachable.blackhole' | 'unreachable.no-route',
): Scenario {
  const target = family === 4 ? '10.98.$N.1' : 'fd98:$N::1'
  return {
    name: `own route: ${kind}, IPv${family}`,
    topology: 'pair',
    family,
    setup: { client: [`ip route add ${kind} ${target}`] },
    client: [`connect ${target} $P`],
    errno,
    seen: {
      client: {
        ...AT_ONCE,
        verdict: [verdict],
        evidence: { ...AT_ONCE.evidence, kernel: new RegExp(errno) },
        advice: /ip (-6 )?route/,
        without: UNTOLD,
      },
    },
  }
}

export const UNREACHABLE: readonly Scenario[] = [
  ...overBoth((family) => ({
    name: 'no route at all',
    topology: 'pair',
    family,
    client: [family === 4 ? 'connect 10.98.$N.1 $P' : 'connect fd98:$N::1 $P'],
    errno: 'ENETUNREACH',
    seen: {
      client: {
        ...AT_ONCE,
        verdict: ['unreachable.no-route'],
        evidence: { ...AT_ONCE.evidence, kernel: /ENETUNREACH/ },
        advice: /ip (-6 )?route/,
        without: UNTOLD,
      },
    },
  })),
  ownRoute(4, 'prohibit', 'EACCES', 'unreachable.prohibited'),
  ownRoute(6, 'prohibit', 'EACCES', 'unreachable.prohibited'),
  ownRoute(4, 'blackhole', 'EINVAL', 'unreachable.blackhole'),
  ownRoute(6, 'blackhole', 'EINVAL', 'unreachable.blackhole'),
  ownRoute(4, 'unreachable', 'EHOSTUNREACH', 'unreachable.host'),
  ownRoute(6, 'unreachable', 'EHOSTUNREACH', 'unreachable.host'),
  ownRoute(4, 'throw', 'ENETUNREACH', 'unreachable.no-route'),
  ...overBoth((family) => ({
    name: 'nobody answers for the address on the link',
    topology: 'pair',
    family,
    // The kernel gives a neighbour up after 3 s: the SYN has to last longer.
    setup: { client: ['echo 3 >/proc/sys/net/ipv4/tcp_syn_retries'] },
    client: [family === 4 ? 'connect 10.$N.0.200 $P' : 'connect fd00:$N::200 $P'],
    errno: 'EHOSTUNREACH',
    seen: {
      client: {
        verdict: ['unreachable.neighbor'],
        final: true,
        evidence: { socket: /FAILED|INCOMPLETE/ },
        advice: /ip neigh/,
        restsOn: 'socket',
        without: {
          socket: ['unreachable.neighbor', 'unreachable.host', 'inconclusive'],
          kernel: ['unreachable.neighbor', 'unreachable.host', 'inconclusive', 'none'],
        },
      },
    },
  })),
  {
    name: 'nobody answers for the link-local address',
    topology: 'pair',
    family: 6,
    // The kernel gives a neighbour up after 3 s: the SYN has to last longer.
    setup: {
      client: ['echo 3 >/proc/sys/net/ipv4/tcp_syn_retries', 'ip address add fe80::1/64 dev eth0 nodad'],
    },
    client: ['connect fe80::99%eth0 $P'],
    errno: 'ETIMEDOUT',
    seen: {
      client: {
        verdict: ['unreachable.neighbor'],
        final: true,
        evidence: { socket: /FAILED|INCOMPLETE/ },
        advice: /ip -6 neigh|ip neigh/,
        restsOn: 'socket',
        without: {
          socket: ['unreachable.neighbor', 'unreachable.host', 'inconclusive'],
          kernel: ['unreachable.neighbor', 'unreachable.host', 'inconclusive', 'none'],
        },
      },
    },
  },
  {
    name: 'a link-local address without its interface',
    topology: 'pair',
    family: 6,
    client: ['connect fe80::2 $P'],
    errno: 'EINVAL',
    seen: {
      client: {
        ...AT_ONCE,
        verdict: ['inconclusive'],
        summary: /a link-local address needs its interface/,
        evidence: { kernel: /EINVAL/ },
        without: UNTOLD,
      },
    },
  },
  {
    name: "a network's broadcast address",
    topology: 'pair',
    family: 4,
    client: ['connect 10.$N.0.255 $P'],
    errno: 'ENETUNREACH',
    seen: {
      client: {
        ...AT_ONCE,
        verdict: ['unreachable.no-route'],
        summary: /broadcast/,
        without: UNTOLD,
      },
    },
  },
  {
    name: "the client's own address is nobody's here",
    topology: 'pair',
    family: 4,
    client: ['connect $A $P free=1 from=10.66.$N.1'],
    errno: 'ENETUNREACH',
    seen: {
      client: {
        ...AT_ONCE,
        verdict: ['unreachable.no-route'],
        summary: /no route to 10\.\d+\.0\.2 from 10\.66\.\d+\.1,/,
        advice: /whether this host has 10\.66/,
        without: UNTOLD,
      },
    },
  },
  {
    name: 'a router has no route, IPv4',
    topology: 'router',
    family: 4,
    client: ['connect 10.98.$N.1 $P'],
    errno: 'ENETUNREACH',
    seen: {
      client: {
        verdict: ['unreachable.net'],
        final: true,
        evidence: { wire: /10\.\d+\.0\.254/ },
        restsOn: 'wire',
        without: { wire: ['unreachable.net', 'timeout.no-answer', 'inconclusive'] },
      },
    },
  },
  {
    name: 'a router has no route, IPv6',
    topology: 'router',
    family: 6,
    client: ['connect fd98:$N::1 $P'],
    errno: 'ENETUNREACH',
    seen: {
      client: {
        verdict: ['unreachable.net'],
        final: true,
        evidence: { wire: /fd00:[\da-f]+::fe/ },
        restsOn: 'wire',
        without: { wire: ['unreachable.net', 'timeout.no-answer', 'inconclusive'] },
      },
    },
  },
  routerRejects(4, 'host-unreachable', 'EHOSTUNREACH', 'unreachable.host'),
  routerRejects(6, 'addr-unreachable', 'EHOSTUNREACH', 'unreachable.host'),
  routerRejects(4, 'net-unreachable', 'ENETUNREACH', 'unreachable.net'),
  routerRejects(6, 'no-route', 'ENETUNREACH', 'unreachable.net'),
  routerRejects(4, 'admin-prohibited', 'EHOSTUNREACH', 'unreachable.prohibited'),
  routerRejects(6, 'admin-prohibited', 'EACCES', 'unreachable.prohibited'),
  routerRejects(4, 'net-prohibited', 'ENETUNREACH', 'unreachable.prohibited'),
  routerRejects(4, 'host-prohibited', 'EHOSTUNREACH', 'unreachable.prohibited'),
  ...overBoth((family) => ({
    name: 'the SYN may not go further than the first router',
    topology: 'router',
    family,
    server: ['listen $ANY $P'],
    client: ['connect $A $P ttl=1'],
    errno: 'EHOSTUNREACH',
    seen: {
      client: {
        verdict: ['unreachable.ttl-exceeded'],
        final: true,
        evidence: { wire: family === 4 ? /10\.\d+\.0\.254/ : /fd00:[\da-f]+::fe/ },
        restsOn: 'wire',
        without: {
          wire: ['unreachable.ttl-exceeded', 'unreachable.host', 'timeout.no-answer', 'inconclusive'],
        },
      },
      server: { verdict: 'none', restsOn: 'wire' },
    },
  })),
]
