import type { ProcessRef } from '../process-ref.ts'
import type { SocketRecord } from './socket.ts'

type End = 'client' | 'server'

/** The socket tables and settings at the time of judging (`host/` looks them up once a case needs judging). */
export interface SocketEvidence {
  /** The connection's own sockets, where they exist. */
  readonly client?: SocketRecord
  readonly server?: SocketRecord
  /** Listeners (TCP) or bound sockets (UDP) on the server's port, in every namespace that can be looked into. */
  readonly listeners: readonly ListenerEvidence[]
  /** Whether every namespace could be looked into; false without CAP_SYS_ADMIN. */
  readonly everyNetns: boolean
  /** Who held the port before, when the tool saw it close. */
  readonly lastListener?: { readonly process: ProcessRef; readonly closedMsAgo: number }
  /** How the client's kernel routes to the server; absent when the client is not here. */
  readonly route?: RouteEvidence
  /** How the server's kernel routes the answer to the client; absent when the server is not here. */
  readonly returnRoute?: RouteEvidence
  /** Local ports in use towards this destination, of those there are; only for a client that got none. */
  readonly ports?: { readonly used: number; readonly available: number; readonly timeWait: number }
  /**
   * Rules of the packet filter that would match this connection's packets, at each end that is here; also those of the
   * tool's own namespace (hook `forward`) when both ends are in others, as between containers.
   */
  readonly firewall: readonly FirewallRule[]
  /** Why no rule could be looked up, when none could. */
  readonly firewallUnknown?: string
  /** Connection tracking of the namespace of each end: entries and limit. */
  readonly conntrack?: Readonly<Partial<Record<End, { readonly count: number; readonly max: number }>>>
  /** `net.ipv4.tcp_syncookies`, `net.core.somaxconn`, `net.ipv4.ip_local_port_range`, …, by name. */
  readonly sysctls: Readonly<Record<string, string>>
}

export interface ListenerEvidence {
  readonly socket: SocketRecord
  readonly netns: number | null
  /** Name of its namespace where it has one, `pid N` else. */
  readonly netnsName?: string
  readonly process?: ProcessRef
  /** In the namespace that the connection went to. */
  readonly sameNetns: boolean
  /** Its address, family, v6only and device take connections to the address that was dialled. */
  readonly accepts: boolean
  /** It was seen to begin to listen only after the connection had begun: it had no part in it. */
  readonly younger?: true
  /** Its namespace is reached by the dialled address through a published (DNAT) or veth address. */
  readonly reachable?: boolean
}

export interface RouteEvidence {
  readonly kind: 'unicast' | 'local' | 'unreachable' | 'blackhole' | 'prohibit' | 'throw' | 'none'
  /** errno name of the lookup, where it failed. */
  readonly error?: string
  readonly iface?: string
  readonly gateway?: string
  readonly source?: string
  /** State of the neighbour entry of the next hop: `REACHABLE`, `INCOMPLETE`, `FAILED`, …; absent without an entry. */
  readonly neighbor?: string
  readonly neighborAddress?: string
}

/** A rule of nftables (also of iptables-nft), as `nft -a list ruleset` shows it. */
export interface FirewallRule {
  readonly end: End
  readonly hook: 'input' | 'output' | 'forward' | 'prerouting' | 'postrouting' | 'ingress' | 'egress'
  readonly family: string
  readonly table: string
  readonly chain: string
  /** 0 for the policy of a base chain, which has none. */
  readonly handle: number
  readonly policy?: true
  /** It may match: a condition of it, or of a rule before it, is not understood or cannot be known. */
  readonly uncertain?: true
  readonly text: string
  readonly action: 'drop' | 'reject'
}
