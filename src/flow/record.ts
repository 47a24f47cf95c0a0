import type { ProcessRef } from '../process-ref.ts'
import type { Endpoint, HandshakeOptions, Side, TcpState } from './event.ts'
import type { Nanos } from './time.ts'

/** How the connection attempt or connection ended, in one word (README, "Flow records"). */
export type Outcome =
  | 'established'
  | 'closed'
  | 'reset'
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'superseded'
  | 'incomplete'
  | 'midstream'

/** Zeek's conn_state values, letter for letter. */
export type ConnState =
  | 'S0'
  | 'S1'
  | 'SF'
  | 'REJ'
  | 'S2'
  | 'S3'
  | 'RSTO'
  | 'RSTR'
  | 'RSTOS0'
  | 'RSTRH'
  | 'SH'
  | 'SHR'
  | 'OTH'

export interface Rtt {
  readonly min: number
  readonly avg: number
  readonly max: number
  readonly stddev: number
  readonly samples: number
}

/** One direction of a flow. Counts are what its sender sent. */
export interface FlowSide extends Endpoint {
  readonly packets: number
  /** Payload counted once: the length of the stream. */
  readonly bytes: number
  /** Every payload byte sent, retransmissions included. */
  readonly wire_bytes: number
  readonly retransmissions: number
  readonly fast_retransmissions: number
  readonly spurious_retransmissions: number
  readonly out_of_order: number
  readonly lost_segments: number
  readonly dup_acks: number
  readonly zero_windows: number
  readonly window_fulls: number
  readonly keep_alives: number
  readonly resets: number
  /** Segments that repeat bytes (or a SYN, a FIN) seen before, and how many: a partial overlap counts partially. */
  readonly rexmt_packets: number
  readonly rexmt_bytes: number
  /**
   * Payload bytes seen, each counted once, without those that were sent against a closed window; `bytes` has those
   * too that were sent and not captured.
   */
  readonly unique_bytes: number
  /** Segment to the acknowledgement of its end, Karn's rule applied; absent without a sample. */
  readonly rtt_ms?: Rtt
  readonly mss?: number
  readonly window_scale?: number
  /** Largest window advertised, scaled, bytes. */
  readonly max_window: number
}

export interface Handshake {
  readonly complete: boolean
  /** SYN to third ACK. `null` where a retransmission makes it ambiguous or a step is missing. */
  readonly rtt_ms: number | null
  /** SYN+ACK to third ACK: the client's side of the path from here. */
  readonly client_rtt_ms: number | null
  /** SYN to SYN+ACK: the server's side of the path from here. */
  readonly server_rtt_ms: number | null
  readonly syn_count: number
  readonly syn_ack_count: number
  readonly client_options?: HandshakeOptions
  readonly server_options?: HandshakeOptions
}

export interface Teardown {
  readonly kind: 'four_way' | 'three_way' | 'simultaneous' | 'reset' | 'half_close' | 'none'
  /** Who sent the first FIN, or the RST; `null` when nobody did. */
  readonly initiator: Side | null
}

/**
 * A plain copy of one flow, made when it ends and for those still open at the end of input.
 * `start` and `end` count from the trace's origin; renderers write them as RFC 3339.
 */
export interface FlowRecord {
  readonly type: 'flow'
  readonly start: Nanos
  readonly end: Nanos
  readonly id: number
  readonly proto: 'tcp' | 'udp' | 'icmp'
  readonly community_id: string
  readonly netns?: number
  readonly client: FlowSide
  readonly server: FlowSide
  readonly duration_ms: number
  readonly conn_state: ConnState
  readonly history: string
  readonly outcome: Outcome
  readonly wire_state?: { readonly client: TcpState; readonly server: TcpState }
  readonly handshake?: Handshake
  readonly teardown?: Teardown
  process?: { client?: ProcessRef; server?: ProcessRef }
  /** Socket states of the ends that are here, as the kernel told them last (sock_diag's names, `CLOSE`). */
  kernel_state?: { client?: string; server?: string }
  /** Name of the verdict on it, where there is one. */
  verdict?: string
  /** Bytes that were acknowledged but never captured, both directions. */
  readonly missed_bytes: number
  readonly midstream: boolean
}
