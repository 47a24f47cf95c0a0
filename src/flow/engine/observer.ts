import { ACK, FIN, RST, SYN } from '../../wire/tcp-bits.ts'
import {
  FLOW_COMBINED_CLOSE,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_RESET,
  FLOW_RESET_BY_UPPER,
  FLOW_RESET_PENDING,
  FLOW_SIMULTANEOUS_CLOSE,
  FLOW_SIMULTANEOUS_OPEN,
  SIDE_FIN,
  SIDE_FIN_ACKED,
  SIDE_SYN,
  SIDE_SYN_ACK,
  SIDE_SYN_ACKED,
} from '../marks.ts'
import {
  CLOSED,
  ESTABLISHED,
  INPUT_ACK,
  INPUT_ACK_OF_FIN,
  INPUT_FIN,
  INPUT_RST,
  INPUT_SYN,
  INPUT_SYN_ACK,
  LISTEN,
  SYN_RECV,
  SYN_SENT,
} from '../state-numbers.ts'
import {
  RESET_CLEARS_OLD,
  RESET_EFFECTIVE,
  RESET_IGNORED,
  RESET_LATE,
  RESET_PENDING,
  STEP_FIRST_FIN,
  STEP_FIRST_FIN_ACKED,
  STEP_RESET,
  STEP_SECOND_FIN,
  STEP_SECOND_FIN_ACKED,
  STEP_STALE_ACK,
  STEP_SYN,
  STEP_SYN_ACK,
  STEP_THIRD_ACK,
} from '../steps.ts'
import { diff, segment } from './segment.ts'
import { afterReceiving, afterSending } from './states.ts'
import { scaledWindow } from './window.ts'

/**
 * Turns a segment into inputs of the state machine and applies them to both endpoints; sets
 * `steps`, the four states and `resetEffect` of the segment.
 *
 * A sender is judged from the state it is expected to be in, except where the segment shows that what was
 * expected to reach it had not when it was sent: a SYN, a SYN+ACK, or anything that leaves the peer's FIN
 * unacknowledged. Then it is judged from the last state that it proved.
 */
export function observe(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const flags = segment.flags
  segment.steps = 0
  segment.senderFrom = sender.proven
  segment.senderExpected = sender.expected
  segment.receiverFrom = receiver.expected
  if (flags & RST) observeReset()
  else if (flags & SYN) {
    if (flags & ACK) observeSynAck()
    else observeSyn()
  } else observeOrdinary()
  segment.senderTo = sender.proven
  segment.receiverTo = receiver.expected
}

function observeSyn(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const crossing = (receiver.marks & SIDE_SYN) != 0
  if ((sender.marks & SIDE_SYN) == 0) {
    segment.steps |= STEP_SYN
    sender.marks |= SIDE_SYN
    if (crossing) segment.flow.marks |= FLOW_SIMULTANEOUS_OPEN
  }
  const state = afterSending(sender.proven, INPUT_SYN)
  sender.proven = state
  // Sent again, it shows that no SYN+ACK has arrived; a SYN of the peer is still under way.
  if (state == SYN_SENT) sender.expected = crossing ? afterReceiving(state, INPUT_SYN) : state
  receiver.expected = afterReceiving(receiver.expected, INPUT_SYN)
}

function observeSynAck(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const acceptable = isAcceptable()
  const crossing = (receiver.marks & SIDE_SYN_ACK) != 0
  if (acceptable && (sender.marks & SIDE_SYN_ACK) == 0) {
    segment.steps |= crossing ? STEP_THIRD_ACK : STEP_SYN_ACK
    if (crossing) segment.flow.marks |= FLOW_ESTABLISHED
  }
  sender.marks |= SIDE_SYN_ACK
  const state = afterSending(sender.proven, INPUT_SYN_ACK)
  sender.proven = state
  // Sent again, it shows that the third ACK has not arrived, or was not taken.
  if (state == SYN_RECV) sender.expected = crossing ? ESTABLISHED : state
  if (!acceptable) return
  receiver.marks |= SIDE_SYN_ACKED
  receiver.expected = afterReceiving(receiver.expected, INPUT_SYN_ACK)
}

function observeOrdinary(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const flow = segment.flow
  const senderMarks = sender.marks
  const receiverMarks = receiver.marks
  const fin = (segment.flags & FIN) != 0
  const acknowledges = isAcceptable()
  const finWaits = (receiverMarks & SIDE_FIN) != 0
  const ackOfFin = acknowledges && finWaits && diff(segment.acknowledgement, receiver.finSequence) > 0
  dropPendingReset()
  // An ACK of an older connection says nothing about this one.
  if (!acknowledges && !fin) {
    if (receiver.expected == SYN_SENT) segment.steps |= STEP_STALE_ACK
    return
  }
  const proven = sender.proven
  const behind = finWaits && !ackOfFin
  let from = behind ? proven : sender.expected
  let to = receiver.expected

  if (acknowledges) {
    if (
      (receiverMarks & (SIDE_SYN_ACK | SIDE_SYN_ACKED)) == SIDE_SYN_ACK &&
      (senderMarks & (SIDE_SYN | SIDE_SYN_ACKED)) != 0
    ) {
      segment.steps |= STEP_THIRD_ACK
      flow.marks |= FLOW_ESTABLISHED
    }
    receiver.marks |= SIDE_SYN_ACKED
    from = afterSending(from, INPUT_ACK)
    to = afterReceiving(to, INPUT_ACK)
  }
  if (ackOfFin) {
    if ((receiverMarks & SIDE_FIN_ACKED) == 0) {
      receiver.marks |= SIDE_FIN_ACKED
      // The receiver's direction is 1 - the sender's.
      segment.steps |= flow.closer == 2 - segment.direction ? STEP_FIRST_FIN_ACKED : STEP_SECOND_FIN_ACKED
    }
    from = afterSending(from, INPUT_ACK_OF_FIN)
    to = afterReceiving(to, INPUT_ACK_OF_FIN)
  }
  if (fin) {
    if ((senderMarks & SIDE_FIN) == 0) observeFirstFin(behind)
    from = afterSending(from, INPUT_FIN)
    to = afterReceiving(to, INPUT_FIN)
  }
  sender.proven = from
  // Judged from the past, it moved: the FIN under way will meet it in its new state.
  if (!behind) sender.expected = from
  else if (from != proven) sender.expected = afterReceiving(from, INPUT_FIN)
  receiver.expected = to
}

function observeFirstFin(crossing: bool): void {
  const sender = segment.sender
  const flow = segment.flow
  sender.marks |= SIDE_FIN
  sender.finSequence = segment.sequence + segment.length
  if (flow.closer == 0) {
    flow.closer = segment.direction + 1
    segment.steps |= STEP_FIRST_FIN
    return
  }
  segment.steps |= STEP_SECOND_FIN
  if (crossing) flow.marks |= FLOW_SIMULTANEOUS_CLOSE
  else if (segment.steps & STEP_FIRST_FIN_ACKED) flow.marks |= FLOW_COMBINED_CLOSE
}

/** Whoever goes on talking after a reset was pending has challenged or ignored it. */
function dropPendingReset(): void {
  const flow = segment.flow
  const marks = flow.marks
  if ((marks & FLOW_RESET_PENDING) == 0) return
  const resetter = marks & FLOW_RESET_BY_UPPER ? 1 : 0
  if (segment.direction != resetter) flow.marks = marks & ~(FLOW_RESET_PENDING | FLOW_RESET_BY_UPPER)
}

function observeReset(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const flow = segment.flow
  segment.steps |= STEP_RESET
  const effect = judgeReset()
  segment.resetEffect = effect
  if (effect != RESET_EFFECTIVE && effect != RESET_PENDING) return
  let marks = flow.marks & ~FLOW_RESET_BY_UPPER
  if (segment.direction == 1) marks |= FLOW_RESET_BY_UPPER
  if (effect == RESET_PENDING) {
    flow.marks = marks | FLOW_RESET_PENDING
    return
  }
  const from = receiver.expected
  if (from == SYN_SENT) marks |= FLOW_REFUSED
  flow.marks = (marks | FLOW_RESET) & ~FLOW_RESET_PENDING
  const state = afterSending(sender.proven, INPUT_RST)
  sender.proven = state
  sender.expected = state
  const to = afterReceiving(from, INPUT_RST)
  // Only a passive opener goes back to LISTEN (RFC 9293 section 3.10.7.4 step 2).
  receiver.expected = to == LISTEN && (receiver.marks & SIDE_SYN) != 0 ? CLOSED : to
}

/** RFC 9293 section 3.10.7: in SYN_SENT the ACK decides, later the sequence number. */
function judgeReset(): i32 {
  const sender = segment.sender
  const receiver = segment.receiver
  const sequence = segment.sequence
  const state = receiver.expected
  const next = sender.next
  if (sender.expected == SYN_SENT && sequence != next) return RESET_CLEARS_OLD
  if (state == CLOSED || state == LISTEN) return RESET_LATE
  if (state == SYN_SENT) return isAcceptable() ? RESET_EFFECTIVE : RESET_IGNORED
  const unknown = next == 0 && receiver.packets == 0
  if (unknown || sequence == next) return RESET_EFFECTIVE
  const distance = diff(sequence, sender.acked)
  // Linux takes the number before as well once the FIN has arrived.
  if (distance == 0 || (distance == -1 && (sender.marks & SIDE_FIN) != 0)) return RESET_EFFECTIVE
  return distance > 0 && u32(distance) < scaledWindow(receiver) ? RESET_PENDING : RESET_IGNORED
}

/** Until its SYN is acknowledged, an ACK to an endpoint must cover the SYN and nothing never sent (§3.10.7.3). */
function isAcceptable(): bool {
  if ((segment.flags & ACK) == 0) return false
  const receiver = segment.receiver
  const marks = receiver.marks
  if ((marks & SIDE_SYN_ACKED) != 0 || (marks & (SIDE_SYN | SIDE_SYN_ACK)) == 0) return true
  const ack = segment.acknowledgement
  return diff(ack, receiver.initial) > 0 && diff(ack, receiver.next) <= 0
}
