import { EVENT_STATE } from '../event-numbers.ts'
import { STEP_RESET, STEP_SYN, STEP_SYN_ACK, STEP_THIRD_ACK } from '../steps.ts'
import { CLOSE_STEPS } from '../told.ts'
import { closeEvent } from './close-event.ts'
import { conditionEvents, portReusedEvent } from './condition-events.ts'
import { move } from './event.ts'
import { handshakeEvent } from './handshake-event.ts'
import { putState } from './json-parts.ts'
import { resetEvent } from './reset-event.ts'
import { say } from './say.ts'
import { segment } from './segment.ts'
import { begin, end } from './tell.ts'

const HANDSHAKE = STEP_SYN | STEP_SYN_ACK | STEP_THIRD_ACK

/**
 * Tells the events of the segment at hand: what it is in the life of the connection, then what is unusual about it.
 * `next` and `time` are its sender's from before it.
 */
export function annotate(next: u32, time: f64, reused: bool): void {
  const steps = segment.steps
  if (reused) portReusedEvent()
  if (steps & HANDSHAKE) handshakeEvent()
  if (steps & CLOSE_STEPS) closeEvent()
  if (steps & STEP_RESET) resetEvent()
  if (segment.anomalies != 0) conditionEvents(next, time)
  if (steps == 0 && isSurprise()) stateEvent()
}

/** Whether the segment proves a state that nothing before led to. */
export function isSurprise(): bool {
  return segment.senderFrom != segment.senderTo && segment.senderTo != segment.senderExpected
}

/** A step that no handshake, close or reset tells: the segments that would have were not captured. */
function stateEvent(): void {
  const to = segment.senderTo
  move(segment.sender, segment.senderFrom, to)
  begin(EVENT_STATE)
  say('its segment shows that it is in ')
  putState(to)
  say(' by now')
  end()
}
