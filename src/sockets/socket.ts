import type { TcpState } from '../wire/tcp-states.ts'
export type Netid =
  | 'tcp'
  | 'udp'
  | 'udplite'
  | 'raw'
  | 'icmp'
  | 'unix'
  | 'packet'
  | 'sctp'
  | 'mptcp'
  | 'vsock'
  | 'netlink'
export type Family = 'inet' | 'inet6' | 'unix' | 'packet' | 'vsock' | 'netlink'

/** Socket states of the JSON contract: UNCONN is a closed one of a kind that has no connections. */
export type SocketState = TcpState | 'UNCONN'

/** `addr` is canonical text; a wildcard is `0.0.0.0` or `::` with port 0. Unix sockets have `path` instead. */
export interface SocketEndpoint {
  readonly addr?: string
  readonly port?: number
  /** Unix: the bound path, an abstract name with `@` for its leading NUL. Absent when unnamed. */
  readonly path?: string
  /** Unix: inode of this end. */
  readonly inode?: number
  readonly name?: string
}

/** One descriptor of one process that refers to the socket. */
export interface SocketProcess {
  readonly pid: number
  readonly comm: string
  readonly fd: number
  /** With `--threads`: which of its threads; `comm` is the name of that thread. */
  readonly tid?: number
  readonly ppid?: number
  readonly exe?: string
  readonly cmdline?: string
  readonly user?: string
  /** Id, 12 digits, or the name of an LXC container. */
  readonly container?: string
  readonly container_name?: string
  /** Id of its Kubernetes pod. */
  readonly pod?: string
  /** systemd unit. */
  readonly unit?: string
  readonly cwd?: string
  /** Its parent, the parent of that, and so on. */
  readonly parents?: readonly { readonly pid: number; readonly comm: string }[]
}

/** Who can reach a listener: this machine, whoever reaches its one address or device, everyone. */
export type Exposure = 'loopback' | 'address' | 'everywhere'

export type TcpInfo = Readonly<Record<string, number>>

/** The congestion control and what it tells of itself: times in µs, `bw` in bytes/s, gains × 256. */
export interface Congestion {
  readonly name: string
  readonly bbr?: {
    readonly bw: number
    readonly min_rtt: number
    readonly pacing_gain: number
    readonly cwnd_gain: number
  }
  readonly dctcp?: {
    readonly enabled: number
    readonly ce_state: number
    readonly alpha: number
    readonly ab_ecn: number
    readonly ab_tot: number
  }
  readonly vegas?: {
    readonly enabled: number
    readonly rttcnt: number
    readonly rtt: number
    readonly minrtt: number
  }
}

/** Socket memory in bytes (SK_MEMINFO_*), and the packets dropped. */
export interface SocketMemory {
  readonly rmem_alloc: number
  readonly rcvbuf: number
  readonly wmem_alloc: number
  readonly sndbuf: number
  readonly fwd_alloc: number
  readonly wmem_queued: number
  readonly optmem: number
  readonly backlog: number
  readonly drops: number
}

export interface SocketRecord {
  readonly type: 'socket'
  readonly netid: Netid
  readonly family: Family
  /** Unix, packet and vsock sockets only. */
  readonly socket_type?: 'stream' | 'dgram' | 'seqpacket' | 'raw'
  readonly state: SocketState
  readonly recv_q: number
  readonly send_q: number
  readonly local: SocketEndpoint
  readonly remote: SocketEndpoint
  readonly iface?: string
  readonly uid: number | null
  readonly user?: string
  /** 0 for a connection that no process has accepted yet, a SYN in the queue, a TIME_WAIT. */
  readonly inode: number
  /** Kernel socket cookie, hexadecimal without `0x`; `null` from /proc. */
  readonly cookie: string | null
  /** Inode of the network namespace. */
  readonly netns: number | null
  readonly mark?: number
  /** IPv6 listeners and unconnected sockets: false when they take IPv4 too. Absent when not known (/proc). */
  readonly v6only?: boolean
  readonly cgroup?: string
  processes: SocketProcess[]
  /** Why nothing is said of its processes, where there may be some. */
  owners_unknown?: string
  readonly listen?: {
    readonly accept_queue: number
    readonly backlog: number
    syn_queue?: number
    exposure?: Exposure
  }
  /** `struct tcp_info`, every member that the kernel has, by its name there. */
  readonly tcp?: TcpInfo
  readonly congestion?: Congestion
  readonly mem?: SocketMemory
  /** In `--tree`: cookie of the listener that the connection came in through. */
  readonly listener?: string
  /** In `--watch`, since the listing before. */
  readonly change?: 'opened' | 'closed' | 'changed'
  readonly timer?: { readonly name: string; readonly expires_ms: number; readonly retrans: number }
}
