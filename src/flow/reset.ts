import { durationText, type EventScope, role, segmentEvent, transition } from './annotation.ts'
import type { ResetEvent } from './event.ts'
import type { Mutable } from './mutable.ts'
import type { Segment } from './segment.ts'
import { CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2, LAST_ACK, SYN_RECV, SYN_SENT, TIME_WAIT } from './state-numbers.ts'
import { RESET_CLEARS_OLD, RESET_EFFECTIVE, RESET_LATE, RESET_PENDING } from './steps.ts'

/** The event of a reset. What it does to the receiver is its transition. */
export function resetEvent(scope: EventScope, segment: Segment): ResetEvent {
  const { receiver, receiverFrom, receiverTo } = segment
  const made = segmentEvent(scope, segment, 'reset', resetText(segment))
  const event: Mutable<ResetEvent> = Object.assign(made, { ttl: segment.ttl })
  if (receiverFrom !== receiverTo) event.transition = transition(receiver, receiverFrom, receiverTo)
  return event
}

function resetText(segment: Segment): string {
  const from = role(segment.sender)
  const to = role(segment.receiver)
  if (segment.resetEffect === RESET_LATE) return 'RST to a connection that is over already: no effect'
  if (segment.resetEffect === RESET_CLEARS_OLD)
    return `clears an old connection that the ${to} still holds; the SYN comes again`
  if (segment.resetEffect === RESET_PENDING)
    return `RST inside the window but not at the next byte: a challenge ACK is due, the ${to} stays connected`
  if (segment.resetEffect !== RESET_EFFECTIVE)
    return segment.receiverFrom === SYN_SENT
      ? 'RST that does not acknowledge the SYN: ignored'
      : 'RST outside the window: ignored'
  switch (segment.receiverFrom) {
    case SYN_SENT: {
      const after = segment.time - segment.flow.synTime
      return `connect() fails with ECONNREFUSED: the SYN is answered by RST after ${durationText(after)}`
    }
    case SYN_RECV:
      return `${from} gives up the handshake: the connection leaves the SYN queue, accept() never sees it`
    case TIME_WAIT:
      return 'RST ends TIME_WAIT early'
    case LAST_ACK:
      return `${from} resets instead of acknowledging the FIN: nothing is lost that the ${to} would notice`
    case FIN_WAIT1:
    case FIN_WAIT2:
      return `${from} resets instead of closing: the ${to} had called close() already`
    case CLOSE_WAIT:
      return `${from} resets after its FIN: send() on the ${to} fails with EPIPE`
    default:
      return `${from} resets the connection: recv() on the ${to} fails with ECONNRESET`
  }
}
