import type { QuotedPacket } from '../wire/quoted-packet.ts'
import type { FlowView } from './flow-view.ts'
import type { IcmpError } from './icmp-error.ts'
import type { IcmpEffect, IcmpMessage } from './icmp-event.ts'
import { FLOW_WATCHED, SIDE_STEADY } from './marks.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'
import type { Nanos } from './time.ts'

/**
 * Whoever looks for connections in trouble. All that it is given is borrowed. Segments of healthy flows do not come,
 * but for the ACK of a first FIN; once it has set FLOW_WATCHED, every segment of the flow does.
 * A reset can come late (`TakenLines.verdicts`), but before whatever follows it.
 */
export interface TroubleSink {
  /** `before` is when its sender sent the segment before this one, nanoseconds; 0 for the first. */
  segment(segment: Segment, before: number): void
  /** An ICMP error that quotes a packet of `quoted`. */
  icmp(quoted: SideView, time: Nanos, message: IcmpMessage, meaning: IcmpError, effect: IcmpEffect): void
  /** An ICMP error that quotes a UDP datagram (borrowed) of no flow that is followed, and says that its port is closed. */
  datagram(quoted: QuotedPacket, time: Nanos, message: IcmpMessage, meaning: IcmpError): void
  /** The capture's clock moved on. */
  look(now: Nanos): void
  /** The flow's row is about to be freed, at `now` of the capture's clock. */
  closed(flow: FlowView, now: Nanos): void
}

/** Every segment of the flow comes from now on, also those that the short cut would take. */
export function watchFlow(flow: FlowView): void {
  if (flow.marks & FLOW_WATCHED) return
  flow.marks |= FLOW_WATCHED
  flow.lower.marks &= ~SIDE_STEADY
  flow.upper.marks &= ~SIDE_STEADY
}
