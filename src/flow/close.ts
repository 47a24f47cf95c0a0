import { durationText, type EventScope, role, segmentEvent, transition } from './annotation.ts'
import type { CloseEvent, Side, Transition } from './event.ts'
import { FLOW_COMBINED_CLOSE, FLOW_SIMULTANEOUS_CLOSE } from './marks.ts'
import type { Mutable } from './mutable.ts'
import type { Segment } from './segment.ts'
import { CLOSED, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, SYN_RECV, TIME_WAIT } from './state-numbers.ts'
import { STEP_FIRST_FIN, STEP_FIRST_FIN_ACKED, STEP_SECOND_FIN, STEP_SECOND_FIN_ACKED } from './steps.ts'

/** Sentences, made once, by who is spoken of. */
const FIN_SENT = bySide(
  (from, to) => `${from} calls close() or shutdown(), FIN sent; recv() will return 0 at the ${to}`,
)
const FIN_ACKED = bySide((of) => `FIN of the ${of} acknowledged`)
const HALF_CLOSED = bySide((open) => `FIN acknowledged, half closed: the ${open} can still send`)
const LAST_ACK = bySide(
  (stays, done) => `last ACK: ${done} is done, ${stays} stays in TIME_WAIT (60 s on Linux)`,
)
const TO_TIME_WAIT = bySide((stays) => `FIN acknowledged: ${stays} stays in TIME_WAIT (60 s on Linux)`)

/**
 * The close's event for a segment, `undefined` when it is no step of it. `since` is the time between the step
 * before and this one, nanoseconds.
 */
export function closeEvent(scope: EventScope, segment: Segment, since: number): CloseEvent | undefined {
  const { steps, sender, receiver } = segment
  const step = (n: CloseEvent['step'], transition: Transition, text: string): Mutable<CloseEvent> => {
    const event = segmentEvent(scope, segment, 'close', text) as Mutable<CloseEvent>
    event.of = 4
    event.step = n
    event.transition = transition
    return event
  }
  const from = role(sender)
  const to = role(receiver)
  const sent = transition(sender, leftState(segment), segment.senderTo)
  const simultaneous = (segment.flow.marks & FLOW_SIMULTANEOUS_CLOSE) !== 0

  if (steps & STEP_SECOND_FIN) {
    if (simultaneous) {
      const text = `${from} calls close() too, before the other FIN arrived: simultaneous close`
      return step(3, sent, text)
    }
    if (steps & STEP_FIRST_FIN_ACKED) {
      const text = `recv() returned 0 and ${from} calls close() within ${durationText(since)}: ACK and FIN in one`
      const event = step(3, sent, text)
      event.combined = true
      return event
    }
    const text = `${from} calls close() ${durationText(since)} later, FIN sent`
    return step(3, sent, text)
  }
  if (steps & STEP_FIRST_FIN) {
    return step(1, sent, FIN_SENT[from])
  }
  if (steps & STEP_SECOND_FIN_ACKED) {
    const text = lastAckText(from, to, segment)
    // The one who is left to wait is the news; in a simultaneous close that is the receiver.
    const moved =
      segment.senderTo === segment.senderFrom
        ? transition(receiver, segment.receiverFrom, segment.receiverTo)
        : transition(sender, waitedIn(segment), segment.senderTo)
    return step(4, moved, text)
  }
  if (steps & STEP_FIRST_FIN_ACKED) {
    return step(2, sent, simultaneous ? FIN_ACKED[to] : HALF_CLOSED[from])
  }
  return undefined
}

/** A server that never sent anything behind its SYN+ACK is open all the same once the third ACK passed. */
function leftState(segment: Segment): number {
  const { senderFrom, senderExpected } = segment
  return senderFrom === SYN_RECV && senderExpected >= ESTABLISHED ? ESTABLISHED : senderFrom
}

/** The first closer was in FIN_WAIT2 where the ACK of its FIN came before the other FIN. */
function waitedIn(segment: Segment): number {
  const combined = (segment.flow.marks & FLOW_COMBINED_CLOSE) !== 0
  return segment.senderFrom === FIN_WAIT1 && segment.senderTo === TIME_WAIT && !combined
    ? FIN_WAIT2
    : leftState(segment)
}

function lastAckText(from: Side, to: Side, segment: Segment): string {
  if (segment.receiverTo === CLOSED && segment.senderTo === TIME_WAIT) return LAST_ACK[from]
  return segment.receiverTo === TIME_WAIT ? TO_TIME_WAIT[to] : FIN_ACKED[to]
}

function bySide(text: (side: Side, other: Side) => string): Readonly<Record<Side, string>> {
  return { client: text('client', 'server'), server: text('server', 'client') }
}
