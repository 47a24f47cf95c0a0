import { type EventScope, flowBase, role } from './annotation.ts'
import { closeEvent } from './close.ts'
import { type Before, conditionEvents, portReusedEvent } from './condition.ts'
import type { StateEvent } from './event.ts'
import { handshakeEvent } from './handshake.ts'
import { resetEvent } from './reset.ts'
import type { Segment } from './segment.ts'
import { STEP_RESET, STEP_SYN, STEP_SYN_ACK, STEP_THIRD_ACK } from './steps.ts'
import type { FlowStore } from './store.ts'
import { STATES } from './tcp-state.ts'
import { CLOSE_STEPS } from './told.ts'

const HANDSHAKE = STEP_SYN | STEP_SYN_ACK | STEP_THIRD_ACK

/** Gives the events of one segment: what it is in the life of the connection, then what is unusual about it. */
export function annotate(store: FlowStore, segment: Segment, before: Before, reused: boolean): void {
  const give = store.sinks.event
  if (give === undefined) return
  const { steps, flow } = segment
  if (reused) give(portReusedEvent(store, segment))
  if (steps & HANDSHAKE) give(handshakeEvent(store, segment))
  if (steps & CLOSE_STEPS) {
    const close = closeEvent(store, segment, segment.time - flow.closeTime)
    if (close !== undefined) give(close)
  }
  if (steps & STEP_RESET) give(resetEvent(store, segment))
  if (segment.anomalies !== 0) for (const event of conditionEvents(store, segment, before)) give(event)
  if (steps === 0 && isSurprise(segment)) give(stateEvent(store, segment))
}

/** Whether the segment proves a state that nothing before led to. */
function isSurprise(segment: Segment): boolean {
  return segment.senderFrom !== segment.senderTo && segment.senderTo !== segment.senderExpected
}

/** A step that no handshake, close or reset tells: the segments that would have were not captured. */
function stateEvent(scope: EventScope, segment: Segment): StateEvent {
  const { sender, flow, senderFrom, senderTo } = segment
  const from = STATES[senderFrom]!
  const to = STATES[senderTo]!
  return {
    ...flowBase(scope, flow, sender.direction, segment.time, segment.packet, segment.iface),
    event: 'state',
    endpoint: role(sender),
    from,
    to,
    text: `its segment shows that it is in ${to} by now`,
  }
}
