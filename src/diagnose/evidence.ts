import type { Endpoint, Side, TcpState } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { SocketEvidence } from '../sockets/socket-evidence.ts'

/** A plane that was watched has findings, also empty ones; one that was not says why (a sentence with the mend). */
export type Plane<Findings> =
  | (Findings & { readonly watched: true })
  | { readonly watched: false; readonly why: string }

/**
 * Everything known about one connection or attempt: what a rule judges. Times count from the trace's origin.
 * Nothing in it is guessed; a fact that was not had is absent.
 */
export interface Evidence {
  readonly proto: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly server: Endpoint
  /** When it is judged, on the capture's clock. */
  readonly now: Nanos
  /** Nothing more will come: an error was reported, the state became CLOSE, both closed, or the ladder ran out. */
  readonly ended: boolean
  /** The run ends now while the attempt goes on: a time-out is told before its third SYN. */
  readonly finishing?: true
  /** What connect() itself failed with, where this program made the call (`socktrace connect`). */
  readonly result?: {
    readonly error: string
    /** connect() returned it itself, without waiting: only a peer on this machine can have had a part in it. */
    readonly immediate?: true
  }
  /** Which ends are on this machine, in a namespace that is watched. Both false on a file. */
  readonly here: Readonly<Record<Side, boolean>>
  /** The end in the namespace whose packets are captured, where exactly one is. */
  readonly own?: Side
  readonly process: Plane<{ readonly client?: ProcessRef; readonly server?: ProcessRef }>
  readonly wire: Plane<WireEvidence>
  readonly socket: Plane<SocketEvidence>
  readonly kernel: Plane<KernelEvidence>
}

/** What the packets of one flow showed (`wire-evidence.ts` gathers it). All counts 0 when no packet was seen. */
export interface WireEvidence {
  readonly syns: number
  readonly firstSyn?: Nanos
  readonly lastSyn?: Nanos
  /** How the ladder of SYNs goes on: seconds after the first SYN at which connect() gives up. */
  readonly givesUpAfterSeconds?: number
  readonly synAcks: number
  /** SYN+ACKs sent again after the third ACK was seen. */
  readonly synAcksAfterEstablished: number
  /** A SYN was answered by an ACK without SYN whose number belongs to another connection. */
  readonly staleAck: boolean
  /** The client answered the SYN+ACK by RST. */
  readonly synAckRefused: boolean
  /** The third ACK was seen: the client is connected. */
  readonly established?: Nanos
  /** The flow was first seen in the middle of its life. */
  readonly midstream: boolean
  readonly states: Readonly<Record<Side, TcpState>>
  /** The reset that took effect, else the latest one. */
  readonly reset?: WireReset
  /** The ICMP error that counts: the first that ends the attempt, else the latest. */
  readonly icmp?: WireIcmp
  /** Stream bytes sent and acknowledged, by who sent them. */
  readonly bytes: Readonly<Record<Side, number>>
  readonly fin: Readonly<Partial<Record<Side, Nanos>>>
  readonly finAcked: Readonly<Record<Side, boolean>>
  /** Retransmissions of the range at the left edge of what the peer has not acknowledged; gone when that moves. */
  readonly stuck?: WireStuck
  /** The receiver whose window is closed now, and since when. */
  readonly zeroWindow?: { readonly receiver: Side; readonly since: Nanos }
  /** The latest packet of the flow, and the gap before the segment that failed. */
  readonly last?: Nanos
  readonly idleBeforeMs?: number
  /** Packets that the capture lost since the connection began: what was not seen may have been among them. */
  readonly lost?: number
  /** First bytes that look like another protocol than asked for: an application matter, told in the summary. */
}

export type WatchedWire = Extract<Plane<WireEvidence>, { readonly watched: true }>

export interface WireReset {
  readonly by: Side
  readonly at: Nanos
  readonly flags: string
  readonly effect: 'effective' | 'pending' | 'late' | 'ignored' | 'clears_old'
  /** State of its receiver before it. */
  readonly receiverState: TcpState
  readonly win: number
  /** What it follows: the SYN, the SYN+ACK, the third ACK with no data since, data, a FIN. */
  readonly after: 'syn' | 'syn_ack' | 'third_ack' | 'data' | 'fin'
  /** Milliseconds since the segment it answers. */
  readonly afterMs: number
  readonly ttl?: number
  /** TTL of the segments that the same end sent before it; absent when it sent none. */
  readonly usualTtl?: number
  /** The end whose reset this is went on sending ordinary segments afterwards. */
  readonly senderWentOn: boolean
}

export interface WireIcmp {
  readonly from: string
  /** Sender of the packet that it quotes. */
  readonly quoted: Side
  readonly type: number
  readonly code: number
  readonly name: string
  /** errno name on Linux; absent when it maps to none. */
  readonly error?: string
  readonly at: Nanos
  /** It ended the attempt (false: only noted, or it quotes nothing outstanding). */
  readonly effective: boolean
}

export interface WireStuck {
  readonly sender: Side
  /** Timeouts of this one range. */
  readonly times: number
  readonly since: Nanos
  /** Bytes of the segment, and the largest that this direction ever had acknowledged. */
  readonly length: number
  readonly largestAcked: number
  /** The sender's MSS limit as the handshake had it; absent when not seen. */
  readonly mss?: number
  /** Bytes behind the range were acknowledged selectively: smaller segments arrive. */
  readonly sackedBehind: boolean
}

export type KernelKind = 'state' | 'error' | 'reset' | 'retransmit' | 'call' | 'drop'

/** What the kernel told about the sockets of this connection (`kernel-evidence.ts` gathers it). */
export interface KernelEvidence {
  /**
   * Kinds of facts that this kernel or these privileges do not give, or of which records were lost: their absence
   * then proves nothing. `reset` stands here on kernels whose tcp_send_reset is silent without a socket (before 6.10).
   */
  readonly unwatched?: readonly KernelKind[]
  /** State of each end's socket as last told; absent when nothing was told of it. */
  readonly states: Readonly<Partial<Record<Side, string>>>
  /** Namespaces of the ends. */
  readonly netns: Readonly<Partial<Record<Side, number>>>
  /** A socket of it was told to be ESTABLISHED at some time (`states` has only the latest). */
  readonly established?: true
  /** The error that was reported to the application. */
  readonly error?: { readonly side: Side; readonly name: string; readonly at: Nanos }
  /** connect() failed at once. */
  readonly call?: { readonly error: string; readonly at: Nanos }
  readonly resetSent?: {
    readonly side: Side
    readonly reason: string | null
    readonly state: string | null
    readonly active: boolean
    readonly at: Nanos
  }
  readonly resetReceived?: { readonly side: Side; readonly at: Nanos }
  /** Drops of this connection's packets, one entry for each (sender, kind of segment, reason, netns). */
  readonly drops: readonly KernelDrop[]
  readonly retransmits: Readonly<Record<Side, number>>
  /** errno name of the latest retransmission that could not be sent (`EPERM`, `EBUSY`). */
  readonly retransmitError?: string
  readonly synAckRetransmits: number
  /**
   * Counters that moved since the attempt began, in the namespace of each end that is here, by their kernel names
   * (`ListenOverflows`, `IPReversePathFilter`, `OutNoRoutes`, …). They are the whole namespace's, not this connection's.
   */
  readonly counters: Readonly<Partial<Record<Side, Readonly<Record<string, number>>>>>
  /**
   * Ends whose namespace counted more resets than were told of it, or could not be read in time: that of this one none
   * was told proves nothing there. Programs on tracepoints are not called while they run, and not for whatever the kernel
   * keeps from them.
   */
  readonly untold?: Readonly<Partial<Record<Side, true>>>
  /** Resets that sockets of the same namespaces sent of themselves in that time, in a state (`TCP_STATE`). */
  readonly aborts?: Readonly<Partial<Record<Side, number>>>
}

export interface KernelDrop {
  /** Who sent the packet that was dropped. */
  readonly sender: Side
  readonly segment: 'syn' | 'syn_ack' | 'ack' | 'data' | 'fin' | 'rst' | 'icmp' | 'datagram'
  readonly reason: string
  readonly location: string | null
  /** Namespace in which it was dropped; `null` when the record does not say. */
  readonly netns: number | null
  /** At which end: worked out from the namespace; absent when it is neither's, or not known. */
  readonly at?: Side
  readonly count: number
}
