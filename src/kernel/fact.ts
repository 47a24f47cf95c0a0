/** The kernel's CLOCK_MONOTONIC, nanoseconds (what its records carry). */
export type KernelNanos = number

/** An end as the kernel names it: canonical text (RFC 5952), IPv4-mapped addresses as IPv4. Port 0 is not known. */
export interface KernelEnd {
  readonly addr: string
  readonly port: number
}

interface FactBase {
  readonly at: KernelNanos
  /** Inode of the network namespace; `null` where the record does not say (perf tracepoints). */
  readonly netns: number | null
}

/** Something that happened to a socket of this machine; `local` is its own end. */
interface SocketFact extends FactBase {
  readonly proto: 'tcp' | 'udp'
  readonly local: KernelEnd
  readonly remote: KernelEnd
}

/** `sock:inet_sock_set_state`. States are `sock_diag`'s names, `CLOSE` for closed. */
export interface StateFact extends SocketFact {
  readonly fact: 'state'
  /** Kernel address of the socket: the same for all facts of it, used again after it. */
  readonly socket: number
  readonly from: string
  readonly to: string
  /** Only where the record is made by the caller itself (connect(), listen(), close()): who called. */
  readonly pid?: number
  readonly comm?: string
}

/** `sock:inet_sk_error_report`: the error that the application gets. */
export interface ErrorFact extends SocketFact {
  readonly fact: 'error'
  /** Name: `ECONNREFUSED`, `ETIMEDOUT`, … */
  readonly error: string
}

/** `tcp:tcp_send_reset`. `active` when no segment asked for it (close, abort). A listener's `remote` may be unset. */
export interface ResetSentFact extends SocketFact {
  readonly fact: 'reset_sent'
  /** `enum sk_rst_reason` without prefix: `NO_SOCKET`, `TCP_ABORT_ON_CLOSE`, …; `null` where the kernel has none. */
  readonly reason: string | null
  /** State of the socket, `null` without a socket. */
  readonly state: string | null
  readonly active: boolean
}

/** `tcp:tcp_receive_reset`: a valid one. */
export interface ResetReceivedFact extends SocketFact {
  readonly fact: 'reset_received'
}

/** `tcp:tcp_retransmit_skb`; `error` is the errno name where sending it failed (Linux 6.18 and newer). */
export interface RetransmitFact extends SocketFact {
  readonly fact: 'retransmit'
  readonly state: string
  readonly error?: string
}

/** `tcp:tcp_retransmit_synack`: `local` is the listener's end. */
export interface SynAckRetransmitFact extends SocketFact {
  readonly fact: 'retransmit_synack'
}

/** A call that failed at once: `connect()` with anything but EINPROGRESS. `local.port` may be 0. */
export interface CallFact extends SocketFact {
  readonly fact: 'call'
  /** Address of the socket in the kernel. */
  readonly socket: number
  readonly call: 'connect'
  readonly error: string
  readonly pid: number
  readonly comm: string
}

/** `skb:kfree_skb` of a TCP or UDP packet, or of an ICMP error that quotes one (then ends are the quoted packet's). */
export interface DropFact extends FactBase {
  readonly fact: 'drop'
  readonly proto: 'tcp' | 'udp'
  /** As in the packet's header: who sent it to whom. */
  readonly src: KernelEnd
  readonly dst: KernelEnd
  /** TCP flags byte; 0 for UDP. */
  readonly flags: number
  readonly icmp: boolean
  /** Name of the running kernel: `NETFILTER_DROP`, `IP_RPFILTER`, … */
  readonly reason: string
  /** Function that dropped it, where its name can be read: `nft_do_chain`. */
  readonly location: string | null
  /** Name of the interface, or its index where the name cannot be had. */
  readonly iface?: string
}

/** What the kernel plane tells, a closed union: one literal for each thing that happened, never one for a packet. */
export type KernelFact =
  | StateFact
  | ErrorFact
  | ResetSentFact
  | ResetReceivedFact
  | RetransmitFact
  | SynAckRetransmitFact
  | CallFact
  | DropFact
