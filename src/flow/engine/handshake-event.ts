import { EVENT_HANDSHAKE } from '../event-numbers.ts'
import { FLOW_SIMULTANEOUS_OPEN, OPTION_FAST_OPEN_REQUEST, SIDE_SYN_DATA } from '../marks.ts'
import { CLOSED, LISTEN } from '../state-numbers.ts'
import { STEP_SYN, STEP_SYN_ACK } from '../steps.ts'
import { event, move } from './event.ts'
import { serverTime, totalTime } from './handshake-times.ts'
import { say, sayCount, sayDuration } from './say.ts'
import { diff, segment } from './segment.ts'
import { begin, end } from './tell.ts'

/** The event of a segment with STEP_SYN, STEP_SYN_ACK or STEP_THIRD_ACK. */
export function handshakeEvent(): void {
  const flow = segment.flow
  const steps = segment.steps
  const simultaneous = (flow.marks & FLOW_SIMULTANEOUS_OPEN) != 0
  // Who dials as well was no listener.
  const from = simultaneous && segment.senderFrom == LISTEN ? CLOSED : segment.senderFrom
  move(segment.sender, from, segment.senderTo)
  if (steps & STEP_SYN) {
    beginStep(1, NaN)
    if (simultaneous) say('connect() on the other side too: simultaneous open')
    else saySyn()
  } else if (steps & STEP_SYN_ACK) {
    beginStep(2, serverTime(flow))
    if (simultaneous) say('both dialled: the SYN is answered, no listener involved')
    else saySynAck()
  } else {
    const total = totalTime(flow)
    beginStep(3, total)
    say(simultaneous ? 'both connect() returned' : 'connect() returned, accept() can return')
    if (total >= 0) {
      say('; ')
      sayDuration(total)
    }
  }
  end()
}

function beginStep(step: i32, nanos: f64): void {
  event.step = step
  event.nanos = nanos
  begin(EVENT_HANDSHAKE)
}

function saySyn(): void {
  if (segment.length > 0) {
    say('connect() sends SYN with ')
    sayCount(segment.length)
    say(' bytes of data (Fast Open), client waits')
  } else if (segment.sender.options & OPTION_FAST_OPEN_REQUEST) {
    say('connect() sends SYN and asks for a Fast Open cookie, client waits')
  } else {
    say('connect() sends SYN, client waits')
  }
}

/** Data in the SYN is taken when the SYN+ACK covers it, and has to be sent again when not (RFC 7413 section 4.2). */
function saySynAck(): void {
  const receiver = segment.receiver
  const taken = max(diff(segment.acknowledgement, receiver.initial), 0) - 1
  if (taken > 0) {
    say('listener answers and takes ')
    sayCount(taken)
    say(' bytes, accept() can return')
  } else if (receiver.marks & SIDE_SYN_DATA) {
    say('listener answers but leaves the data: to be sent again; connection in SYN queue')
  } else {
    say('listener answers, connection in SYN queue')
  }
}
