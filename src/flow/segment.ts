import { TcpOptions } from '../wire/tcp-options.ts'
import type { FlowView } from './flow-view.ts'
import type { SideView } from './side-view.ts'
import type { Nanos } from './time.ts'

/** What a segment is in the life of its connection: bits of `Segment.steps`. */
export const STEP_SYN = 1 << 0
export const STEP_SYN_ACK = 1 << 1
export const STEP_THIRD_ACK = 1 << 2
export const STEP_FIRST_FIN = 1 << 3
export const STEP_FIRST_FIN_ACKED = 1 << 4
export const STEP_SECOND_FIN = 1 << 5
export const STEP_SECOND_FIN_ACKED = 1 << 6
export const STEP_RESET = 1 << 7
/** Answers a SYN, but acknowledges something else: it belongs to an older connection. */
export const STEP_STALE_ACK = 1 << 8

/**
 * One TCP segment and what the stages find in it, in the order they run: the tracker fills the header part,
 * `analysis.ts` the anomalies, `observer.ts` the steps. One instance, reused for every packet.
 */
export class Segment {
  /** Borrowed, as all the rest. */
  readonly flow: FlowView
  sender: SideView
  receiver: SideView
  time = 0 as Nanos
  /** 1-based frame number. */
  packet = 0
  iface = 0
  sequence = 0
  acknowledgement = 0
  /** Nine bits, as `wire/tcp.ts` names them. */
  flags = 0
  /** Unscaled. */
  window = 0
  /** TTL or hop limit. */
  ttl = 0
  /** Payload bytes on the wire. */
  length = 0
  /** Sequence number after the payload, plus one for a SYN or FIN. */
  end = 0
  /** Borrowed. */
  options: TcpOptions = new TcpOptions()

  /** ANOMALY_ bits. */
  anomalies = 0

  /** STEP_ bits. */
  steps = 0
  /** States before and after (numbers of `tcp-state.ts`): the sender's as proven, the receiver's as expected. */
  senderFrom = 0
  senderTo = 0
  /** What the sender was expected to be in before. */
  senderExpected = 0
  receiverFrom = 0
  receiverTo = 0
  /** RESET_ constant of `observer.ts`, when the segment is a reset. */
  resetEffect = 0

  constructor(flow: FlowView) {
    this.flow = flow
    this.sender = flow.lower
    this.receiver = flow.upper
  }
}
