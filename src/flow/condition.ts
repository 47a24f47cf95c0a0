import { diff } from '../wire/seq.ts'
import { ACK, FIN, SYN } from '../wire/tcp-bits.ts'
import { bytesText, durationText, type EventScope, segmentEvent } from './annotation.ts'
import * as found from './anomalies.ts'
import type { ConditionEvent, DupAckEvent } from './event.ts'
import type { Segment } from './segment.ts'
import { synAgainText } from './syn-ladder.ts'
import { scaledWindow } from './window.ts'

/** What a sentence can need beside the segment: columns as they were before it. */
export interface Before {
  /** After the highest byte that the sender had sent. */
  readonly next: number
  /** Time of its previous segment, nanoseconds. */
  readonly time: number
}

/** The order in which the conditions of one segment are told. */
const CONDITIONS: readonly (readonly [number, ConditionEvent['event']])[] = [
  [found.ANOMALY_LOST_SEGMENT, 'lost_segment'],
  [found.ANOMALY_ACKED_UNSEEN, 'acked_unseen'],
  [found.ANOMALY_RETRANSMISSION, 'retransmission'],
  [found.ANOMALY_FAST_RETRANSMISSION, 'fast_retransmission'],
  [found.ANOMALY_SPURIOUS_RETRANSMISSION, 'spurious_retransmission'],
  [found.ANOMALY_OUT_OF_ORDER, 'out_of_order'],
  [found.ANOMALY_ZERO_WINDOW, 'zero_window'],
  [found.ANOMALY_ZERO_WINDOW_PROBE, 'zero_window_probe'],
  [found.ANOMALY_ZERO_WINDOW_PROBE_ACK, 'zero_window_probe_ack'],
  [found.ANOMALY_WINDOW_UPDATE, 'window_update'],
  [found.ANOMALY_WINDOW_FULL, 'window_full'],
  [found.ANOMALY_KEEP_ALIVE, 'keep_alive'],
  [found.ANOMALY_KEEP_ALIVE_ACK, 'keep_alive_ack'],
]

/** One event for each anomaly of the segment. */
export function conditionEvents(
  scope: EventScope,
  segment: Segment,
  before: Before,
): (ConditionEvent | DupAckEvent)[] {
  const events: (ConditionEvent | DupAckEvent)[] = []
  for (const [bit, event] of CONDITIONS) {
    if ((segment.anomalies & bit) === 0) continue
    events.push(segmentEvent(scope, segment, event, conditionText(scope, segment, event, before)))
  }
  if (segment.anomalies & found.ANOMALY_DUP_ACK) {
    const n = segment.sender.dupAcks
    const text = `the same ACK again, no. ${n}: something is missing on its way, or came twice`
    events.push(Object.assign(segmentEvent(scope, segment, 'dup_ack', text), { n }))
  }
  return events
}

export function portReusedEvent(scope: EventScope, segment: Segment): ConditionEvent {
  const text =
    segment.flags & ACK
      ? 'answers for another connection between the same addresses and ports'
      : 'same addresses and ports, other sequence number: a new connection'
  return segmentEvent(scope, segment, 'port_reused', text)
}

function conditionText(
  scope: EventScope,
  segment: Segment,
  event: ConditionEvent['event'],
  before: Before,
): string {
  const { receiver, sequence, length } = segment
  switch (event) {
    case 'lost_segment':
      return `${bytesText(diff(sequence, before.next))} before this were not captured, or come later`
    case 'acked_unseen':
      return 'acknowledges bytes that were not captured'
    case 'retransmission':
      return retransmissionText(scope, segment, before)
    case 'fast_retransmission':
      return `${bytesText(length)} again after ${receiver.dupAcks} duplicate ACKs, without waiting for a timeout`
    case 'spurious_retransmission':
      return `${bytesText(length)} again that were acknowledged already`
    case 'out_of_order':
      return `${bytesText(length)} that were overtaken on the way`
    case 'zero_window':
      return 'receive buffer full: the application does not call recv(), the peer has to stop'
    case 'zero_window_probe':
      return '1 byte to ask whether the window is still closed'
    case 'zero_window_probe_ack':
      return 'the window is still closed'
    case 'window_update':
      return `recv() made room: window ${scaledWindow(segment.sender)} bytes`
    case 'window_full':
      return `fills the window of ${scaledWindow(receiver)} bytes: send() will wait`
    case 'keep_alive':
      // Linux probes a closed window in the same form (tcp_xmit_probe_skb).
      return receiver.window === 0
        ? 'asks whether the window is still closed'
        : 'keep-alive: asks whether the peer is still there'
    case 'keep_alive_ack':
      return 'answers the keep-alive: still there'
    case 'port_reused':
      return portReusedEvent(scope, segment).text
  }
}

function retransmissionText(scope: EventScope, segment: Segment, before: Before): string {
  const { flow, flags, sender, time, length } = segment
  if (flags & SYN && flags & ACK) {
    const n = sender.synAckCount - 1
    if (n === 0) return 'SYN+ACK with a number that its sender used before'
    return `SYN+ACK again, no. ${n}, +${((time - before.time) / 1e9).toFixed(1)} s: the third ACK has not arrived, or the accept queue is full`
  }
  if (flags & SYN) return synAgainText(scope.ladder, sender.synCount - 1, time - flow.start)
  const after = `${durationText(time - before.time)} after its last segment`
  if (flags & FIN && length === 0) return `FIN again, ${after}: it has not been acknowledged`
  return `${bytesText(length)} again, ${after}: they have not been acknowledged`
}
