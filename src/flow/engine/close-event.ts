import { EVENT_CLOSE } from '../event-numbers.ts'
import { FLOW_COMBINED_CLOSE, FLOW_SIMULTANEOUS_CLOSE } from '../marks.ts'
import { CLOSED, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, SYN_RECV, TIME_WAIT } from '../state-numbers.ts'
import { STEP_FIRST_FIN, STEP_FIRST_FIN_ACKED, STEP_SECOND_FIN, STEP_SECOND_FIN_ACKED } from '../steps.ts'
import { event, isClient, move } from './event.ts'
import { say, sayDuration, saySide } from './say.ts'
import { segment } from './segment.ts'
import { begin, end } from './tell.ts'

/** The event of a segment with one of CLOSE_STEPS. */
export function closeEvent(): void {
  const steps = segment.steps
  const fromClient = isClient(segment.sender)
  const simultaneous = (segment.flow.marks & FLOW_SIMULTANEOUS_CLOSE) != 0
  move(segment.sender, leftState(), segment.senderTo)
  if (steps & STEP_SECOND_FIN) {
    event.combined = i32(!simultaneous && (steps & STEP_FIRST_FIN_ACKED) != 0)
    beginStep(3)
    saySecondFin(fromClient, simultaneous)
  } else if (steps & STEP_FIRST_FIN) {
    beginStep(1)
    saySide(fromClient)
    say(' calls close() or shutdown(), FIN sent; recv() will return 0 at the ')
    saySide(!fromClient)
  } else if (steps & STEP_SECOND_FIN_ACKED) {
    // The one who is left to wait is the news; in a simultaneous close that is the receiver.
    if (segment.senderTo == segment.senderFrom)
      move(segment.receiver, segment.receiverFrom, segment.receiverTo)
    else move(segment.sender, waitedIn(), segment.senderTo)
    beginStep(4)
    sayLastAck(fromClient)
  } else {
    beginStep(2)
    if (simultaneous) sayAcknowledged(!fromClient)
    else {
      say('FIN acknowledged, half closed: the ')
      saySide(fromClient)
      say(' can still send')
    }
  }
  end()
}

function beginStep(step: i32): void {
  event.step = step
  begin(EVENT_CLOSE)
}

function saySecondFin(fromClient: bool, simultaneous: bool): void {
  const since = segment.time - segment.flow.closeTime
  if (event.combined) say('recv() returned 0 and ')
  saySide(fromClient)
  if (simultaneous) {
    say(' calls close() too, before the other FIN arrived: simultaneous close')
  } else if (event.combined) {
    say(' calls close() within ')
    sayDuration(since)
    say(': ACK and FIN in one')
  } else {
    say(' calls close() ')
    sayDuration(since)
    say(' later, FIN sent')
  }
}

function sayLastAck(fromClient: bool): void {
  if (segment.receiverTo == CLOSED && segment.senderTo == TIME_WAIT) {
    say('last ACK: ')
    saySide(!fromClient)
    say(' is done, ')
    saySide(fromClient)
    say(' stays in TIME_WAIT (60 s on Linux)')
  } else if (segment.receiverTo == TIME_WAIT) {
    say('FIN acknowledged: ')
    saySide(!fromClient)
    say(' stays in TIME_WAIT (60 s on Linux)')
  } else sayAcknowledged(!fromClient)
}

function sayAcknowledged(ofClient: bool): void {
  say('FIN of the ')
  saySide(ofClient)
  say(' acknowledged')
}

/** A server that never sent anything behind its SYN+ACK is open all the same once the third ACK passed. */
function leftState(): i32 {
  const from = segment.senderFrom
  return from == SYN_RECV && segment.senderExpected >= ESTABLISHED ? ESTABLISHED : from
}

/** The first closer was in FIN_WAIT2 where the ACK of its FIN came before the other FIN. */
function waitedIn(): i32 {
  const combined = (segment.flow.marks & FLOW_COMBINED_CLOSE) != 0
  return segment.senderFrom == FIN_WAIT1 && segment.senderTo == TIME_WAIT && !combined
    ? FIN_WAIT2
    : leftState()
}
