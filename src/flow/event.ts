import type { ProcessRef } from '../process-ref.ts'
import type { Nanos } from './time.ts'

/** Endpoint states of RFC 9293 section 3.3.2, spelled as the socket table spells them. */
export type TcpState =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSING'
  | 'TIME_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'

export type Side = 'client' | 'server'

/** `addr` is canonical text (RFC 5952); `name` when DNS answers or `-r` gave one. */
export interface Endpoint {
  readonly addr: string
  readonly port: number
  readonly name?: string
}

/** One endpoint's step through the state machine, as the segment proves or implies it. */
export interface Transition {
  readonly endpoint: Side
  readonly from: TcpState
  readonly to: TcpState
}

/**
 * What every event of a flow says. `at` counts from the trace's origin; renderers turn it into the
 * `time` and `ts` of the JSON contract. `text` is the sentence of the text output, made where the event is made.
 * `process` is the sender's, filled in by who knows owners (never by `flow/`).
 */
interface EventBase {
  readonly type: 'event'
  readonly at: Nanos
  /** 1-based frame number of the file; absent on a live capture. */
  readonly packet?: number
  readonly iface?: string
  /** Serial of the flow in order of its first packet, from 0. */
  readonly flow: number
  readonly proto: 'tcp' | 'udp' | 'icmp'
  readonly src: Endpoint
  readonly dst: Endpoint
  /** Which end `src` is: the sender of the segment (of the quoted one for `icmp_error`). */
  readonly sender: Side
  process?: Pick<ProcessRef, 'pid' | 'comm' | 'attribution'>
  readonly text: string
}

/** The segment that an event is about; `seq` and `ack` are the raw 32-bit numbers, `win` is unscaled. */
interface SegmentEvent extends EventBase {
  /** As tcpdump prints them inside the brackets: `S`, `S.`, `.`, `P.`, `F.`, `R`, `R.`, … */
  readonly flags: string
  readonly seq: number
  readonly ack: number
  readonly len: number
  readonly win: number
}

export interface HandshakeEvent extends SegmentEvent {
  readonly event: 'handshake'
  readonly step: 1 | 2 | 3
  readonly of: 3
  /** SYN to SYN+ACK (step 2), SYN to third ACK (step 3). Absent when a retransmission makes it ambiguous (Karn). */
  readonly rtt_ms?: number
  /** Options offered on this SYN or SYN+ACK, see `record.ts`. */
  readonly options?: HandshakeOptions
  readonly transition?: Transition
}

export interface CloseEvent extends SegmentEvent {
  readonly event: 'close'
  readonly step: 1 | 2 | 3 | 4
  readonly of: 4
  /** The segment is also the step before it: FIN and ACK in one (`close 2+3/4`). */
  readonly combined?: true
  readonly transition?: Transition
}

export interface ResetEvent extends SegmentEvent {
  readonly event: 'reset'
  /** TTL or hop limit: one that differs from its sender's others can come from somebody else. */
  readonly ttl: number
  readonly transition?: Transition
}

export interface StateEvent extends EventBase, Transition {
  readonly event: 'state'
}

/** Segment conditions with nothing to add to the segment itself. */
export interface ConditionEvent extends SegmentEvent {
  readonly event:
    | 'retransmission'
    | 'fast_retransmission'
    | 'spurious_retransmission'
    | 'out_of_order'
    | 'lost_segment'
    | 'acked_unseen'
    | 'zero_window'
    | 'zero_window_probe'
    | 'zero_window_probe_ack'
    | 'window_update'
    | 'window_full'
    | 'keep_alive'
    | 'keep_alive_ack'
    | 'port_reused'
}

export interface DupAckEvent extends SegmentEvent {
  readonly event: 'dup_ack'
  /** Counts from 1, starts again when the acknowledged number moves. */
  readonly n: number
}

/** `src` and `dst` are those of the quoted segment; `from` sent the ICMP message. */
export interface IcmpErrorEvent extends EventBase {
  readonly event: 'icmp_error'
  readonly icmp_type: number
  readonly icmp_code: number
  readonly icmp_name: string
  readonly from: string
  /** What connect() or send() returns for it on Linux, where it has one. */
  readonly error?: string
}

/** This machine dropped a packet of the flow. `location` is the kernel's function, where its name can be had. */
export interface DropEvent extends EventBase {
  readonly event: 'drop'
  /** Of the segment; absent for a datagram and for an ICMP error about one of the flow's packets. */
  readonly flags?: string
  /** Name of the running kernel: `NETFILTER_DROP`, … */
  readonly reason: string
  readonly location: string | null
}

/** Packets and sockets say different things; `src` is the end whose socket it is. */
/** The only event of a connection that may have no flow: an attempt of which no packet was seen. */
export interface MismatchEvent extends Omit<EventBase, 'flow'> {
  readonly event: 'mismatch'
  readonly flow?: number
  readonly wire_state: { readonly client: TcpState; readonly server: TcpState }
  /** sock_diag's names, `CLOSE` for closed; absent where the kernel has told nothing of that end. */
  readonly kernel_state: { readonly client?: string; readonly server?: string }
}

/** Everything that can happen to a flow: the same union inside the program and in the NDJSON. */
export type FlowEvent =
  | HandshakeEvent
  | CloseEvent
  | ResetEvent
  | StateEvent
  | ConditionEvent
  | DupAckEvent
  | IcmpErrorEvent
  | DropEvent
  | MismatchEvent

/** TCP options of one SYN; a key is absent when the option is. */
export interface HandshakeOptions {
  readonly mss?: number
  readonly window_scale?: number
  readonly sack_permitted?: true
  readonly timestamps?: true
  readonly fast_open?: 'request' | 'cookie'
  readonly mptcp?: 'capable' | 'join'
  readonly ecn?: true
}
