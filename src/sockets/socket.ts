export type Netid = 'tcp' | 'udp' | 'raw' | 'unix' | 'packet' | 'sctp' | 'mptcp' | 'vsock' | 'icmp'
export type Family = 'inet' | 'inet6' | 'unix' | 'packet' | 'vsock'

/** Socket states of the JSON contract, in the kernel's order (include/net/tcp_states.h). */
export type SocketState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING'
  | 'NEW_SYN_RECV'
  | 'BOUND_INACTIVE'
  | 'UNCONN'

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
  readonly ppid?: number
  readonly exe?: string
  readonly cmdline?: string
  readonly user?: string
  readonly container?: string
}

export type TcpInfo = Readonly<Record<string, number>>

export interface SocketRecord {
  readonly type: 'socket'
  readonly netid: Netid
  readonly family: Family
  /** Unix sockets only. */
  readonly socket_type?: 'stream' | 'dgram' | 'seqpacket'
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
  readonly listen?: { readonly accept_queue: number; readonly backlog: number; syn_queue?: number }
  /** `struct tcp_info`, every member that the kernel has, by its name there. */
  readonly tcp?: TcpInfo
  readonly timer?: { readonly name: string; readonly expires_ms: number; readonly retrans: number }
}
