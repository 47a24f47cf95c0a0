import { overBoth, type Scenario } from './scenario.ts'

/** What the own host does to itself: an application that does not close, ports that are out, a policy. */
export const LOCAL: readonly Scenario[] = [
  ...overBoth((family) => ({
    name: 'the server never closes',
    topology: 'pair',
    family,
    server: ['listen $ANY $P', 'accept'],
    client: ['connect $A $P', 'send 10', 'close'],
    errno: null,
    patience: 66,
    seen: {
      server: {
        verdict: ['closed.app-stuck'],
        error: [null],
        final: false,
        evidence: { wire: /FIN/, socket: /CLOSE_WAIT/, process: /python3/ },
        restsOn: 'wire',
        // The clock of a file stands still at its last packet: a minute later only what a neighbour sends moves it on.
        without: {
          wire: ['closed.app-stuck', 'inconclusive', 'none'],
          file: ['none', 'closed.app-stuck'],
        },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'no local port is left',
    topology: 'local',
    family,
    setup: { client: ['echo 40000 40001 >/proc/sys/net/ipv4/ip_local_port_range'] },
    server: ['listen $ANY $P'],
    before: ['connect $A $P', 'connect $A $P'],
    client: ['connect $A $P'],
    errno: 'EADDRNOTAVAIL',
    seen: {
      client: {
        verdict: ['exhausted.ports'],
        final: true,
        evidence: { kernel: /EADDRNOTAVAIL/, socket: /2/ },
        advice: /ip_local_port_range/,
        restsOn: 'kernel',
        without: { kernel: ['none', 'inconclusive'] },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'a security module forbids the call',
    topology: 'local',
    family,
    // Landlock's rules for TCP.
    since: [6, 7],
    server: ['listen $ANY $P'],
    client: ['landlock', 'connect $A $P'],
    errno: 'EACCES',
    seen: {
      client: {
        verdict: ['denied.local'],
        final: true,
        evidence: { kernel: /EACCES/ },
        restsOn: 'kernel',
        without: { kernel: ['none', 'inconclusive'] },
      },
    },
  })),
  ...overBoth((family) => ({
    name: 'a control group forbids the call',
    topology: 'pair',
    family,
    server: ['listen $ANY $P'],
    client: ['cgroup deny', 'connect $A $P', 'cgroup free'],
    errno: 'EPERM',
    seen: {
      client: {
        verdict: ['denied.local'],
        final: true,
        evidence: { kernel: /EPERM/ },
        restsOn: 'kernel',
        without: { kernel: ['none', 'inconclusive'] },
      },
    },
  })),
]
