import type { PlainSegment } from '../wire/plain-segment.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import { SCALE_UNKNOWN, scaledWindow } from './analysis.ts'
import type { FlowView } from './flow-view.ts'
import { LIST_OPEN } from './lists.ts'
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
} from './marks.ts'
import type { SideView } from './side-view.ts'
import type { FlowStore } from './store.ts'
import { ESTABLISHED } from './tcp-state.ts'
import { FIRST_GAP, type TroublePool, UNSEEN_KNOWN } from './trouble.ts'
import { isOpenForZeek, WROTE_ACK, WROTE_DATA, writeFirst } from './zeek.ts'

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
export function markSteady(flow: FlowView, trouble: TroublePool): void {
  const { lower, upper } = flow
  const timed = (flow.marks & FLOW_ROUND_TRIP) !== 0 || (lower.synCount | upper.synCount) === 0
  const open = timed && flow.list === LIST_OPEN && (flow.marks & (FLOW_RESET_PENDING | FLOW_WATCHED)) === 0
  mark(lower, open && isSteady(lower, upper, trouble))
  mark(upper, open && isSteady(upper, lower, trouble))
}

function mark(side: SideView, steady: boolean): void {
  const { marks } = side
  side.marks = steady ? marks | SIDE_STEADY : marks & ~SIDE_STEADY
}

function isSteady(sender: SideView, receiver: SideView, trouble: TroublePool): boolean {
  return (
    sender.packets > 0 &&
    // What it sends proves that it is open too, as was expected.
    sender.expected === ESTABLISHED &&
    receiver.expected === ESTABLISHED &&
    // Its options are read in every segment.
    ((sender.options | receiver.options) & OPTION_MPTCP) === 0 &&
    (sender.marks & SIDE_INITIAL_KNOWN) !== 0 &&
    (receiver.marks & (RECEIVER_NEEDS | SIDE_FIN)) === RECEIVER_NEEDS &&
    isOpenForZeek(sender) &&
    isOpenForZeek(receiver) &&
    trouble.get(receiver.trouble, FIRST_GAP) === 0 &&
    trouble.get(receiver.trouble, UNSEEN_KNOWN) === 0
  )
}

/**
 * Counts a segment of `sender` and returns true, or returns false and has done nothing.
 *
 * Differences of sequence numbers are written out, as `(a - b) | 0`: a call of `diff` puts numbers above 2^31 on the
 * heap to hand them over (37 bytes a packet, measured).
 */
export function passSteady(sender: SideView, store: FlowStore, segment: PlainSegment): boolean {
  const { marks, next, letters, lastAck } = sender
  if ((marks & SIDE_STEADY) === 0 || (segment.flags & (SYN | FIN | RST | ACK)) !== ACK) return false
  const { sequence, acknowledgement, window, payloadLength: length, time } = segment
  if (sequence !== next || next === 0 || window === 0 || acknowledgement === 0) return false
  const receiver = sender.peer
  const seen = receiver.contiguous
  // Numbers half a circle apart are before each other: both tests are needed.
  if (seen === 0 || ((acknowledgement - seen) | 0) > 0 || ((acknowledgement - receiver.next) | 0) > 0)
    return false
  const end = (sequence + length) >>> 0
  const last = sender.zeekLast
  if (length === 0) {
    if (acknowledgement === lastAck) return false
  } else {
    const peerAck = receiver.lastAck
    if (receiver.window === 0 || ((end - last) | 0) <= 0) return false
    if (peerAck !== 0 && ((end - peerAck) | 0) <= 0) return false
    if (receiver.scale !== SCALE_UNKNOWN && end === (peerAck + scaledWindow(receiver)) >>> 0) return false
    sender.wireBytes += length
    sender.next = end
    sender.nextTime = time
  }
  if ((letters & (length === 0 ? WROTE_ACK : WROTE_DATA)) === 0) writeFirst(store.histories, sender, length)
  sender.proven = ESTABLISHED
  sender.marks = marks | SIDE_SCALED
  sender.packets++
  const { contiguous } = sender
  if (contiguous === 0 || contiguous === sequence) sender.contiguous = end
  if (acknowledgement !== lastAck) {
    sender.dupAcks = 0
    sender.lastAck = acknowledgement
  }
  sender.window = window
  sender.lastTime = time
  sender.lastAnomalies = 0
  const scaled = scaledWindow(sender)
  if (scaled > sender.maxWindow) sender.maxWindow = scaled
  const { rtt } = store
  if (receiver.oldest !== 0) rtt.acknowledged(receiver, acknowledgement | 0)
  if (length > 0) rtt.sent(sender, sequence | 0, end | 0)
  const acked = receiver.acked
  if (((acknowledgement - acked) | 0) > 0) {
    if (acknowledgement < acked) receiver.ackedWraps++
    receiver.acked = acknowledgement
  }
  if (((end - last) | 0) > 0) {
    if (end < last) sender.lastWraps++
    sender.zeekLast = end
  }
  return true
}
