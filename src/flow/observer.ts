import { diff } from '../wire/seq.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import { scaledWindow } from './analysis.ts'
import type { FlowColumns, SideColumns } from './columns.ts'
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
} from './marks.ts'
import {
  type Segment,
  STEP_FIRST_FIN,
  STEP_FIRST_FIN_ACKED,
  STEP_RESET,
  STEP_SECOND_FIN,
  STEP_SECOND_FIN_ACKED,
  STEP_SYN,
  STEP_SYN_ACK,
  STEP_THIRD_ACK,
} from './segment.ts'
import type { FlowTable } from './table.ts'
import {
  afterReceiving,
  afterSending,
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
} from './tcp-state.ts'

/** It closes the connection (RFC 9293 section 3.10.7.4 step 2, RFC 5961 section 3.2). */
export const RESET_EFFECTIVE = 1
/** In the window but not the next byte expected: a challenge ACK is due, the connection lives. */
export const RESET_PENDING = 2
/** Outside the window, or it answers nothing that was sent: ignored. */
const RESET_IGNORED = 3
/** The receiver has no connection any more. */
export const RESET_LATE = 4
/** The sender still dials: it clears an old connection that answered its SYN (RFC 9293 section 3.5.1). */
export const RESET_CLEARS_OLD = 5

/**
 * Turns a segment into inputs of the state machine and applies them to both endpoints; sets
 * `steps`, the four states and `resetEffect` of the segment.
 *
 * A sender is judged from the state it is expected to be in, except where the segment shows that what was
 * expected to reach it had not when it was sent: a SYN, a SYN+ACK, or anything that leaves the peer's FIN
 * unacknowledged. Then it is judged from the last state that it proved.
 */
export function observe(table: FlowTable, segment: Segment): void {
  const { columns, sides } = table
  segment.steps = 0
  segment.senderFrom = sides.proven[segment.sender]!
  segment.senderExpected = sides.expected[segment.sender]!
  segment.receiverFrom = sides.expected[segment.receiver]!
  const flags = segment.flags
  if (flags & RST) observeReset(columns, sides, segment)
  else if (flags & SYN) {
    if (flags & ACK) observeSynAck(columns, sides, segment)
    else observeSyn(columns, sides, segment)
  } else observeOrdinary(columns, sides, segment)
  segment.senderTo = sides.proven[segment.sender]!
  segment.receiverTo = sides.expected[segment.receiver]!
}

function observeSyn(columns: FlowColumns, sides: SideColumns, segment: Segment): void {
  const { sender, receiver } = segment
  const crossing = (sides.marks[receiver]! & SIDE_SYN) !== 0
  if ((sides.marks[sender]! & SIDE_SYN) === 0) {
    segment.steps |= STEP_SYN
    sides.marks[sender]! |= SIDE_SYN
    if (crossing) columns.marks[segment.row]! |= FLOW_SIMULTANEOUS_OPEN
  }
  const state = afterSending(sides.proven[sender]!, INPUT_SYN)
  sides.proven[sender] = state
  // Sent again, it shows that no SYN+ACK has arrived; a SYN of the peer is still under way.
  if (state === SYN_SENT) sides.expected[sender] = crossing ? afterReceiving(state, INPUT_SYN) : state
  sides.expected[receiver] = afterReceiving(sides.expected[receiver]!, INPUT_SYN)
}

function observeSynAck(columns: FlowColumns, sides: SideColumns, segment: Segment): void {
  const { sender, receiver, row } = segment
  const acceptable = isAcceptable(sides, segment)
  const crossing = (sides.marks[receiver]! & SIDE_SYN_ACK) !== 0
  if (acceptable && (sides.marks[sender]! & SIDE_SYN_ACK) === 0) {
    segment.steps |= crossing ? STEP_THIRD_ACK : STEP_SYN_ACK
    if (crossing) columns.marks[row]! |= FLOW_ESTABLISHED
  }
  sides.marks[sender]! |= SIDE_SYN_ACK
  const state = afterSending(sides.proven[sender]!, INPUT_SYN_ACK)
  sides.proven[sender] = state
  // Sent again, it shows that the third ACK has not arrived, or was not taken.
  if (state === SYN_RECV) sides.expected[sender] = crossing ? ESTABLISHED : state
  if (!acceptable) return
  sides.marks[receiver]! |= SIDE_SYN_ACKED
  sides.expected[receiver] = afterReceiving(sides.expected[receiver]!, INPUT_SYN_ACK)
}

function observeOrdinary(columns: FlowColumns, sides: SideColumns, segment: Segment): void {
  const { sender, receiver, row } = segment
  const senderMarks = sides.marks[sender]!
  const receiverMarks = sides.marks[receiver]!
  const fin = (segment.flags & FIN) !== 0
  const acknowledges = isAcceptable(sides, segment)
  const finWaits = (receiverMarks & SIDE_FIN) !== 0
  const ackOfFin = acknowledges && finWaits && diff(segment.acknowledgement, sides.finSequence[receiver]!) > 0
  dropPendingReset(columns, segment)
  // An ACK of an older connection says nothing about this one.
  if (!acknowledges && !fin) return
  const proven = sides.proven[sender]!
  const behind = finWaits && !ackOfFin
  let from = behind ? proven : sides.expected[sender]!
  let to = sides.expected[receiver]!

  if (acknowledges) {
    if (
      (receiverMarks & (SIDE_SYN_ACK | SIDE_SYN_ACKED)) === SIDE_SYN_ACK &&
      (senderMarks & (SIDE_SYN | SIDE_SYN_ACKED)) !== 0
    ) {
      segment.steps |= STEP_THIRD_ACK
      columns.marks[row]! |= FLOW_ESTABLISHED
    }
    sides.marks[receiver]! |= SIDE_SYN_ACKED
    from = afterSending(from, INPUT_ACK)
    to = afterReceiving(to, INPUT_ACK)
  }
  if (ackOfFin) {
    if ((receiverMarks & SIDE_FIN_ACKED) === 0) {
      sides.marks[receiver]! |= SIDE_FIN_ACKED
      segment.steps |=
        columns.closer[row] === (receiver & 1) + 1 ? STEP_FIRST_FIN_ACKED : STEP_SECOND_FIN_ACKED
    }
    from = afterSending(from, INPUT_ACK_OF_FIN)
    to = afterReceiving(to, INPUT_ACK_OF_FIN)
  }
  if (fin) {
    if ((senderMarks & SIDE_FIN) === 0) observeFirstFin(columns, sides, segment, behind)
    from = afterSending(from, INPUT_FIN)
    to = afterReceiving(to, INPUT_FIN)
  }
  sides.proven[sender] = from
  // Judged from the past, it moved: the FIN under way will meet it in its new state.
  if (!behind) sides.expected[sender] = from
  else if (from !== proven) sides.expected[sender] = afterReceiving(from, INPUT_FIN)
  sides.expected[receiver] = to
}

function observeFirstFin(
  columns: FlowColumns,
  sides: SideColumns,
  segment: Segment,
  crossing: boolean,
): void {
  const { sender, row } = segment
  sides.marks[sender]! |= SIDE_FIN
  sides.finSequence[sender] = (segment.sequence + segment.length) >>> 0
  if (columns.closer[row] === 0) {
    columns.closer[row] = (sender & 1) + 1
    segment.steps |= STEP_FIRST_FIN
    return
  }
  segment.steps |= STEP_SECOND_FIN
  if (crossing) columns.marks[row]! |= FLOW_SIMULTANEOUS_CLOSE
  else if (segment.steps & STEP_FIRST_FIN_ACKED) columns.marks[row]! |= FLOW_COMBINED_CLOSE
}

/** Whoever goes on talking after a reset was pending has challenged or ignored it. */
function dropPendingReset(columns: FlowColumns, segment: Segment): void {
  const marks = columns.marks[segment.row]!
  if ((marks & FLOW_RESET_PENDING) === 0) return
  const resetter = marks & FLOW_RESET_BY_UPPER ? 1 : 0
  if ((segment.sender & 1) !== resetter)
    columns.marks[segment.row] = marks & ~(FLOW_RESET_PENDING | FLOW_RESET_BY_UPPER)
}

function observeReset(columns: FlowColumns, sides: SideColumns, segment: Segment): void {
  const { sender, receiver, row } = segment
  segment.steps |= STEP_RESET
  const effect = judgeReset(sides, segment)
  segment.resetEffect = effect
  if (effect !== RESET_EFFECTIVE && effect !== RESET_PENDING) return
  let marks = columns.marks[row]! & ~FLOW_RESET_BY_UPPER
  if (sender & 1) marks |= FLOW_RESET_BY_UPPER
  if (effect === RESET_PENDING) {
    columns.marks[row] = marks | FLOW_RESET_PENDING
    return
  }
  const from = sides.expected[receiver]!
  if (from === SYN_SENT) marks |= FLOW_REFUSED
  columns.marks[row] = (marks | FLOW_RESET) & ~FLOW_RESET_PENDING
  const state = afterSending(sides.proven[sender]!, INPUT_RST)
  sides.proven[sender] = state
  sides.expected[sender] = state
  const to = afterReceiving(from, INPUT_RST)
  // Only a passive opener goes back to LISTEN (RFC 9293 section 3.10.7.4 step 2).
  sides.expected[receiver] = to === LISTEN && sides.marks[receiver]! & SIDE_SYN ? CLOSED : to
}

/** RFC 9293 section 3.10.7: in SYN_SENT the ACK decides, later the sequence number. */
function judgeReset(sides: SideColumns, segment: Segment): number {
  const { sender, receiver, sequence } = segment
  const state = sides.expected[receiver]!
  const next = sides.next[sender]!
  if (sides.expected[sender] === SYN_SENT && sequence !== next) return RESET_CLEARS_OLD
  if (state === CLOSED || state === LISTEN) return RESET_LATE
  if (state === SYN_SENT) return isAcceptable(sides, segment) ? RESET_EFFECTIVE : RESET_IGNORED
  const unknown = next === 0 && sides.packets[receiver] === 0
  if (unknown || sequence === next) return RESET_EFFECTIVE
  const acked = sides.acked[sender]!
  const distance = diff(sequence, acked)
  // Linux takes the number before as well once the FIN has arrived.
  if (distance === 0 || (distance === -1 && sides.marks[sender]! & SIDE_FIN)) return RESET_EFFECTIVE
  return distance > 0 && distance < scaledWindow(sides, receiver) ? RESET_PENDING : RESET_IGNORED
}

/** Until its SYN is acknowledged, an ACK to an endpoint must cover the SYN and nothing never sent (§3.10.7.3). */
function isAcceptable(sides: SideColumns, segment: Segment): boolean {
  if ((segment.flags & ACK) === 0) return false
  const receiver = segment.receiver
  const marks = sides.marks[receiver]!
  if ((marks & SIDE_SYN_ACKED) !== 0 || (marks & (SIDE_SYN | SIDE_SYN_ACK)) === 0) return true
  const ack = segment.acknowledgement
  return diff(ack, sides.initial[receiver]!) > 0 && diff(ack, sides.next[receiver]!) <= 0
}
