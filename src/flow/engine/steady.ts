import { ACK, FIN, RST, SYN } from '../../wire/tcp-bits.ts'
import { SCALE_UNKNOWN } from '../anomalies.ts'
import { LIST_OPEN } from '../list-numbers.ts'
import {
  FLOW_RESET_PENDING,
  FLOW_ROUND_TRIP,
  FLOW_WATCHED,
  OPTION_MPTCP,
  SIDE_FIN,
  SIDE_INITIAL_KNOWN,
  SIDE_SCALED,
  SIDE_STEADY,
  SIDE_SYN_ACKED,
} from '../marks.ts'
import { ESTABLISHED } from '../state-numbers.ts'
import { FIRST_GAP, UNSEEN_KNOWN } from '../trouble-words.ts'
import { WROTE_ACK, WROTE_DATA } from '../zeek-states.ts'
import type { Plain } from './plain-segment.ts'
import type { Flow, Side } from './row.ts'
import { acknowledged, sent } from './rtt.ts'
import { diff } from './segment.ts'
import { get } from './trouble.ts'
import { scaledWindow } from './window.ts'
import { isOpenForZeek, writeFirst } from './zeek.ts'

/*
 * The short cut for what most segments are: data in order, or an ACK of something new, on an open connection
 * without an open gap. All stages together do nothing to such a segment but count; here that is done in one go.
 * What is not plainly of this kind goes through the stages.
 *
 * `isSteady` holds what only a segment that went through the stages can change, `passSteady` what each can.
 * A stage that learns to do more with such a segment must say so in one of the two; a test compares them with the
 * stages alone.
 */

const RECEIVER_NEEDS = SIDE_INITIAL_KNOWN | SIDE_SYN_ACKED

/** Settles, after the stages, which of the two directions may take the short cut. */
export function markSteady(flow: Flow): void {
  const lower = flow.lower
  const upper = flow.upper
  const timed = (flow.marks & FLOW_ROUND_TRIP) != 0 || (lower.synCount | upper.synCount) == 0
  const open = timed && flow.list == LIST_OPEN && (flow.marks & (FLOW_RESET_PENDING | FLOW_WATCHED)) == 0
  mark(lower, open && isSteady(lower, upper))
  mark(upper, open && isSteady(upper, lower))
}

function mark(side: Side, steady: bool): void {
  side.marks = steady ? side.marks | SIDE_STEADY : side.marks & ~SIDE_STEADY
}

function isSteady(sender: Side, receiver: Side): bool {
  return (
    sender.packets > 0 &&
    // What it sends proves that it is open too, as was expected.
    sender.expected == ESTABLISHED &&
    receiver.expected == ESTABLISHED &&
    // Its options are read in every segment.
    ((sender.options | receiver.options) & OPTION_MPTCP) == 0 &&
    (sender.marks & SIDE_INITIAL_KNOWN) != 0 &&
    (receiver.marks & (RECEIVER_NEEDS | SIDE_FIN)) == RECEIVER_NEEDS &&
    isOpenForZeek(sender) &&
    isOpenForZeek(receiver) &&
    get(receiver.trouble, FIRST_GAP) == 0 &&
    get(receiver.trouble, UNSEEN_KNOWN) == 0
  )
}

/** Counts a plain segment and returns true, or returns false and has done nothing. */
export function passSteady(flow: Flow, plain: Plain): bool {
  const direction = plain.direction
  const sender = flow.side(direction)
  const marks = sender.marks
  if ((marks & SIDE_STEADY) == 0 || (plain.flags & (SYN | FIN | RST | ACK)) != ACK) return false
  const sequence = plain.sequence
  const acknowledgement = plain.acknowledgement
  const window = plain.window
  const length = plain.length
  const time = plain.time
  const next = sender.next
  if (sequence != next || next == 0 || window == 0 || acknowledgement == 0) return false
  const receiver = flow.side(1 - direction)
  const seen = receiver.contiguous
  // Numbers half a circle apart are before each other: both tests are needed.
  if (seen == 0 || diff(acknowledgement, seen) > 0 || diff(acknowledgement, receiver.next) > 0) return false
  const end = sequence + length
  const last = sender.zeekLast
  const lastAck = sender.lastAck
  if (length == 0) {
    if (acknowledgement == lastAck) return false
  } else {
    const peerAck = receiver.lastAck
    if (receiver.window == 0 || diff(end, last) <= 0) return false
    if (peerAck != 0 && diff(end, peerAck) <= 0) return false
    if (receiver.scale != SCALE_UNKNOWN && end == peerAck + scaledWindow(receiver)) return false
    sender.wireBytes += length
    sender.next = end
    sender.nextTime = time
  }
  if ((sender.letters & (length == 0 ? WROTE_ACK : WROTE_DATA)) == 0)
    writeFirst(flow, direction, sender, length)
  sender.proven = ESTABLISHED
  sender.marks = marks | SIDE_SCALED
  sender.packets++
  const contiguous = sender.contiguous
  if (contiguous == 0 || contiguous == sequence) sender.contiguous = end
  if (acknowledgement != lastAck) {
    sender.dupAcks = 0
    sender.lastAck = acknowledgement
  }
  sender.window = window
  sender.lastTime = time
  sender.lastAnomalies = 0
  const scaled = scaledWindow(sender)
  if (scaled > sender.maxWindow) sender.maxWindow = scaled
  if (receiver.oldest != 0) acknowledged(flow, 1 - direction, acknowledgement, time)
  if (length > 0) sent(sender, sequence, end, time)
  const acked = receiver.acked
  if (diff(acknowledgement, acked) > 0) {
    if (acknowledgement < acked) receiver.ackedWraps += 1
    receiver.acked = acknowledgement
  }
  if (diff(end, last) > 0) {
    if (end < last) sender.lastWraps += 1
    sender.zeekLast = end
  }
  return true
}
