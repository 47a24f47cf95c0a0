import {
  ANOMALY_RETRANSMISSION,
  ANOMALY_ZERO_WINDOW,
  ANOMALY_ZERO_WINDOW_PROBE,
  ANOMALY_ZERO_WINDOW_PROBE_ACK,
} from './analysis.ts'
import type { FlowView } from './flow-view.ts'
import type { IcmpError } from './icmp-error.ts'
import type { IcmpEffect, IcmpMessage } from './icmp-event.ts'
import { FLOW_WATCHED } from './marks.ts'
import { type Segment, STEP_FIRST_FIN_ACKED, STEP_RESET, STEP_STALE_ACK } from './segment.ts'
import type { SideView } from './side-view.ts'
import type { Nanos } from './time.ts'

/**
 * Whoever looks for connections in trouble. All that it is given is borrowed. Segments of healthy flows do not come,
 * but for the ACK of a first FIN; once it has set FLOW_WATCHED, every segment of the flow does.
 */
export interface TroubleSink {
  /** `before` is when its sender sent the segment before this one, nanoseconds; 0 for the first. */
  segment(segment: Segment, before: number): void
  /** An ICMP error that quotes a packet of `quoted`. */
  icmp(quoted: SideView, time: Nanos, message: IcmpMessage, meaning: IcmpError, effect: IcmpEffect): void
  /** The capture's clock moved on. */
  look(now: Nanos): void
  /** The flow's row is about to be freed. */
  closed(flow: FlowView): void
}

const STEPS = STEP_RESET | STEP_STALE_ACK | STEP_FIRST_FIN_ACKED
const ANOMALIES =
  ANOMALY_RETRANSMISSION | ANOMALY_ZERO_WINDOW | ANOMALY_ZERO_WINDOW_PROBE | ANOMALY_ZERO_WINDOW_PROBE_ACK

/** Whether the segment can matter to a verdict. */
export function isTrouble({ steps, anomalies, flow }: Segment): boolean {
  return ((steps & STEPS) | (anomalies & ANOMALIES) | (flow.marks & FLOW_WATCHED)) !== 0
}
