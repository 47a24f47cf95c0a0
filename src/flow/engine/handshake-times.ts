import { FLOW_ESTABLISHED, FLOW_LATE_THIRD_ACK, FLOW_SIMULTANEOUS_OPEN } from '../marks.ts'
import type { Flow } from './row.ts'

/*
 * How long steps of the handshake took, nanoseconds; NaN where a step is missing or one that was sent twice makes it
 * ambiguous (Karn).
 */

/** SYN to SYN+ACK. When both dial there is no one server whose answer could be timed. */
export function serverTime(flow: Flow): f64 {
  if (flow.marks & FLOW_SIMULTANEOUS_OPEN) return NaN
  return isUnique(flow) ? elapsed(flow.synTime, flow.synAckTime) : NaN
}

/** SYN+ACK to third ACK. */
export function clientTime(flow: Flow): f64 {
  if (flow.marks & FLOW_SIMULTANEOUS_OPEN || !isComplete(flow)) return NaN
  return hasOneSynAck(flow) ? elapsed(flow.synAckTime, flow.ackTime) : NaN
}

/** SYN to third ACK. */
export function totalTime(flow: Flow): f64 {
  if (!isComplete(flow)) return NaN
  if (flow.marks & FLOW_SIMULTANEOUS_OPEN) return hasOneSyn(flow) ? elapsed(flow.start, flow.ackTime) : NaN
  return isUnique(flow) ? elapsed(flow.synTime, flow.ackTime) : NaN
}

function isComplete(flow: Flow): bool {
  return (flow.marks & (FLOW_ESTABLISHED | FLOW_LATE_THIRD_ACK)) == FLOW_ESTABLISHED
}

function isUnique(flow: Flow): bool {
  return hasOneSyn(flow) && hasOneSynAck(flow)
}

function hasOneSyn(flow: Flow): bool {
  return flow.side(flow.client).synCount == 1
}

function hasOneSynAck(flow: Flow): bool {
  return flow.lower.synAckCount + flow.upper.synAckCount == 1
}

/** A capture's clock can be set back: then nobody knows how long it took. */
function elapsed(from: f64, to: f64): f64 {
  return to < from ? NaN : to - from
}
