import { ACK, FIN, RST, SYN } from '../../wire/tcp-bits.ts'
import { HAS_MPTCP, HAS_WINDOW_SCALE, MPTCP_DSS } from '../../wire/tcp-option-numbers.ts'
import {
  ANOMALY_ACKED_UNSEEN,
  ANOMALY_DUP_ACK,
  ANOMALY_FAST_RETRANSMISSION,
  ANOMALY_KEEP_ALIVE,
  ANOMALY_KEEP_ALIVE_ACK,
  ANOMALY_LOST_SEGMENT,
  ANOMALY_OUT_OF_ORDER,
  ANOMALY_RETRANSMISSION,
  ANOMALY_SPURIOUS_RETRANSMISSION,
  ANOMALY_WINDOW_FULL,
  ANOMALY_WINDOW_UPDATE,
  ANOMALY_ZERO_WINDOW,
  ANOMALY_ZERO_WINDOW_PROBE,
  ANOMALY_ZERO_WINDOW_PROBE_ACK,
  MAX_SCALE,
  SCALE_NONE,
  SCALE_UNKNOWN,
} from '../anomalies.ts'
import { OPTION_MPTCP, SIDE_MPTCP_FIRST, SIDE_MPTCP_MASK, SIDE_MPTCP_NEWS, SIDE_SCALED } from '../marks.ts'
import type { Side } from './row.ts'
import { diff, segment } from './segment.ts'
import { scaledWindow } from './window.ts'

/** Nanoseconds after the last duplicate ACK in which a retransmission counts as fast. */
const FAST_RETRANSMISSION_WITHIN: f64 = 20e6
/** Nanoseconds in which a late segment counts as out of order while the round trip time is unknown. */
const OUT_OF_ORDER_WITHIN: f64 = 3e6

/** In place of a count of duplicate ACKs: bytes of this side that its peer acknowledged unseen were told of. */
const TOLD = -1

/** Flags of the handshake, the close and the reset: most tests leave such segments out. */
const CONTROL = SYN | FIN | RST

/**
 * What is unusual about a segment, by the rules of Wireshark 4.0's sequence analysis: sets `anomalies`.
 * `roundTrip` is the initial round trip time in nanoseconds, 0 while unknown.
 */
export function analyse(roundTrip: f64): void {
  let found = forwardAnomalies()
  const sender = segment.sender
  const acknowledgement = segment.acknowledgement
  const before = sender.dupAcks
  if (acknowledgement != sender.lastAck) sender.dupAcks = 0
  else if (found & ANOMALY_DUP_ACK) sender.dupAcks = before == TOLD ? 1 : before + 1
  if ((segment.flags & ACK) != 0 && isUnseen(segment.receiver, acknowledgement)) found |= ANOMALY_ACKED_UNSEEN
  if ((segment.length > 0 || (segment.flags & (SYN | FIN)) != 0) && (found & ANOMALY_KEEP_ALIVE) == 0)
    found |= resending(roundTrip)
  segment.anomalies = found
  remember(found)
}

/** Whether the ACK covers bytes of `side` that were not captured, and that was not told before. */
function isUnseen(side: Side, acknowledgement: u32): bool {
  const contiguous = side.contiguous
  if (contiguous == 0 || diff(acknowledgement, contiguous) <= 0) return false
  const next = side.next
  if (diff(next, contiguous) > 0) {
    side.contiguous = next
    return true
  }
  // Nothing new was sent since: told once.
  const untold = side.dupAcks == 0
  side.dupAcks = TOLD
  return untold
}

/** The tests on one direction's own sequence; a probe and the two kinds of answer end them. */
function forwardAnomalies(): i32 {
  const sender = segment.sender
  const receiver = segment.receiver
  const sequence = segment.sequence
  const length = segment.length
  const window = segment.window
  const flags = segment.flags
  const next = sender.next
  if (length == 1 && sequence == next && receiver.window == 0) return ANOMALY_ZERO_WINDOW_PROBE
  let found = 0
  if (next != 0 && (flags & RST) == 0 && diff(sequence, next) > 0) found |= ANOMALY_LOST_SEGMENT
  if (flags & CONTROL) return found
  if (window == 0) found |= ANOMALY_ZERO_WINDOW
  if (length <= 1 && sequence == next - 1) found |= ANOMALY_KEEP_ALIVE
  if (length > 0) return isWindowFull() ? found | ANOMALY_WINDOW_FULL : found

  if (sequence != next || segment.acknowledgement != sender.lastAck) return found
  const before = receiver.lastAnomalies
  if (window != sender.window) return window == 0 ? found : found | ANOMALY_WINDOW_UPDATE
  if (window == 0) return before & ANOMALY_ZERO_WINDOW_PROBE ? found | ANOMALY_ZERO_WINDOW_PROBE_ACK : found
  if (before & ANOMALY_KEEP_ALIVE) return found | ANOMALY_KEEP_ALIVE_ACK
  return sender.marks & SIDE_MPTCP_NEWS ? found : found | ANOMALY_DUP_ACK
}

/** The segment ends exactly where the receiver's window does. */
function isWindowFull(): bool {
  const receiver = segment.receiver
  if (receiver.scale == SCALE_UNKNOWN) return false
  return segment.sequence + segment.length == receiver.lastAck + scaledWindow(receiver)
}

/** Which kind of "sent before, or late" a segment with data, SYN or FIN is, if any. */
function resending(roundTrip: f64): i32 {
  const sender = segment.sender
  const receiver = segment.receiver
  const sequence = segment.sequence
  const length = segment.length
  const next = sender.next
  const peerAck = receiver.lastAck
  if (length > 0 && peerAck != 0 && diff(sequence + length, peerAck) <= 0)
    return ANOMALY_SPURIOUS_RETRANSMISSION
  // More than one byte from the last number on is new data behind a probe.
  if (next == 0 || diff(sequence, next) >= 0 || (length > 1 && sequence == next - 1)) return 0
  const time = segment.time
  if (
    receiver.dupAcks >= 2 &&
    peerAck == sequence &&
    isWithin(time - receiver.lastTime, FAST_RETRANSMISSION_WITHIN)
  )
    return ANOMALY_FAST_RETRANSMISSION
  const within = roundTrip == 0 ? OUT_OF_ORDER_WITHIN : roundTrip
  if (isWithin(time - sender.nextTime, within) && segment.end != next) return ANOMALY_OUT_OF_ORDER
  return ANOMALY_RETRANSMISSION
}

/** A clock that steps back is no sign of haste. */
function isWithin(nanos: f64, limit: f64): bool {
  return nanos >= 0 && nanos < limit
}

function remember(found: i32): void {
  const sender = segment.sender
  const end = segment.end
  const time = segment.time
  if ((found & ANOMALY_ZERO_WINDOW_PROBE) == 0) {
    const next = sender.next
    if (next == 0 || diff(end, next) > 0) {
      sender.next = end
      sender.nextTime = time
    }
    const contiguous = sender.contiguous
    if (contiguous == 0 || segment.sequence == contiguous) sender.contiguous = sender.next
  }
  sender.window = segment.window
  sender.lastAck = segment.acknowledgement
  sender.lastTime = time
  sender.lastAnomalies = found
  if ((segment.present & HAS_MPTCP) != 0 || (sender.marks & SIDE_MPTCP_NEWS) != 0) rememberOperations()
  if (segment.flags & SYN) rememberScale()
  else sender.marks |= SIDE_SCALED
  if ((segment.flags & RST) == 0) {
    const window = scaledWindow(sender)
    if (window > sender.maxWindow) sender.maxWindow = window
  }
}

/**
 * MPTCP sends its signals on ACKs that repeat the last one, which are no sign of loss (RFC 8684). As Wireshark does it, an
 * operation's first time exempts the next ACK of each side, not the one that carried it.
 */
function rememberOperations(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  sender.marks &= ~SIDE_MPTCP_NEWS
  if ((segment.flags & SYN) != 0 || ((sender.options | receiver.options) & OPTION_MPTCP) == 0) return
  const operations = (segment.mptcpSubtypes >> MPTCP_DSS) * SIDE_MPTCP_FIRST
  const news = operations & SIDE_MPTCP_MASK & ~(sender.marks | receiver.marks)
  if (news == 0) return
  sender.marks |= news | SIDE_MPTCP_NEWS
  receiver.marks |= SIDE_MPTCP_NEWS
}

/** RFC 7323 section 2.2: scaling is on only when both SYNs offer it; a window in a SYN is never scaled. */
function rememberScale(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  sender.marks &= ~SIDE_SCALED
  const offered = (segment.present & HAS_WINDOW_SCALE) != 0
  if (!offered || ((segment.flags & ACK) != 0 && receiver.scale == SCALE_NONE)) {
    sender.scale = SCALE_NONE
    receiver.scale = SCALE_NONE
  } else sender.scale = min(segment.windowScale, MAX_SCALE)
}
