import { diff } from '../wire/seq.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import { HAS_MPTCP, HAS_WINDOW_SCALE, MPTCP_DSS } from '../wire/tcp-options.ts'
import { OPTION_MPTCP, SIDE_MPTCP_FIRST, SIDE_MPTCP_MASK, SIDE_MPTCP_NEWS, SIDE_SCALED } from './marks.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'

export const ANOMALY_RETRANSMISSION = 1 << 0
export const ANOMALY_FAST_RETRANSMISSION = 1 << 1
export const ANOMALY_SPURIOUS_RETRANSMISSION = 1 << 2
export const ANOMALY_OUT_OF_ORDER = 1 << 3
export const ANOMALY_LOST_SEGMENT = 1 << 4
export const ANOMALY_ACKED_UNSEEN = 1 << 5
export const ANOMALY_DUP_ACK = 1 << 6
export const ANOMALY_ZERO_WINDOW = 1 << 7
export const ANOMALY_ZERO_WINDOW_PROBE = 1 << 8
export const ANOMALY_ZERO_WINDOW_PROBE_ACK = 1 << 9
export const ANOMALY_WINDOW_UPDATE = 1 << 10
export const ANOMALY_WINDOW_FULL = 1 << 11
export const ANOMALY_KEEP_ALIVE = 1 << 12
export const ANOMALY_KEEP_ALIVE_ACK = 1 << 13

/** No SYN of this side was seen: its windows cannot be scaled. */
export const SCALE_UNKNOWN = 0xff
/** Both sides were seen and one did not offer scaling, so none is used (RFC 7323 section 2.2). */
const SCALE_NONE = 0xfe
/** RFC 7323 section 2.3. */
const MAX_SCALE = 14

/** Nanoseconds after the last duplicate ACK in which a retransmission counts as fast. */
const FAST_RETRANSMISSION_WITHIN = 20e6
/** Nanoseconds in which a late segment counts as out of order while the round trip time is unknown. */
const OUT_OF_ORDER_WITHIN = 3e6

/** In place of a count of duplicate ACKs: bytes of this side that its peer acknowledged unseen were told of. */
const TOLD = -1

/** Flags of the handshake, the close and the reset: most tests leave such segments out. */
const CONTROL = SYN | FIN | RST

/**
 * What is unusual about a segment, by the rules of Wireshark 4.0's sequence analysis: sets `anomalies`.
 * `roundTrip` is the initial round trip time in nanoseconds, 0 while unknown.
 */
export function analyse(segment: Segment, roundTrip: number): void {
  let found = forwardAnomalies(segment)
  const { sender, receiver, acknowledgement } = segment
  const before = sender.dupAcks
  if (acknowledgement !== sender.lastAck) sender.dupAcks = 0
  else if (found & ANOMALY_DUP_ACK) sender.dupAcks = before === TOLD ? 1 : before + 1
  if (segment.flags & ACK && isUnseen(receiver, acknowledgement)) found |= ANOMALY_ACKED_UNSEEN
  if ((segment.length > 0 || segment.flags & (SYN | FIN)) && (found & ANOMALY_KEEP_ALIVE) === 0)
    found |= resending(segment, roundTrip)
  segment.anomalies = found
  remember(segment, found)
}

/** Whether the ACK covers bytes of `side` that were not captured, and that was not told before. */
function isUnseen(side: SideView, acknowledgement: number): boolean {
  const contiguous = side.contiguous
  if (contiguous === 0 || diff(acknowledgement, contiguous) <= 0) return false
  const next = side.next
  if (diff(next, contiguous) > 0) {
    side.contiguous = next
    return true
  }
  // Nothing new was sent since: told once.
  const untold = side.dupAcks === 0
  side.dupAcks = TOLD
  return untold
}

/** The tests on one direction's own sequence; a probe and the two kinds of answer end them. */
function forwardAnomalies(segment: Segment): number {
  const { sender, receiver, sequence, length, window, flags } = segment
  const next = sender.next
  if (length === 1 && sequence === next && receiver.window === 0) return ANOMALY_ZERO_WINDOW_PROBE
  let found = 0
  if (next !== 0 && (flags & RST) === 0 && diff(sequence, next) > 0) found |= ANOMALY_LOST_SEGMENT
  if (flags & CONTROL) return found
  if (window === 0) found |= ANOMALY_ZERO_WINDOW
  if (length <= 1 && sequence === (next - 1) >>> 0) found |= ANOMALY_KEEP_ALIVE
  if (length > 0) return isWindowFull(segment) ? found | ANOMALY_WINDOW_FULL : found

  if (sequence !== next || segment.acknowledgement !== sender.lastAck) return found
  const before = receiver.lastAnomalies
  if (window !== sender.window) return window === 0 ? found : found | ANOMALY_WINDOW_UPDATE
  if (window === 0) return before & ANOMALY_ZERO_WINDOW_PROBE ? found | ANOMALY_ZERO_WINDOW_PROBE_ACK : found
  if (before & ANOMALY_KEEP_ALIVE) return found | ANOMALY_KEEP_ALIVE_ACK
  return sender.marks & SIDE_MPTCP_NEWS ? found : found | ANOMALY_DUP_ACK
}

/** The segment ends exactly where the receiver's window does. */
function isWindowFull(segment: Segment): boolean {
  const receiver = segment.receiver
  const scale = receiver.scale
  if (scale === SCALE_UNKNOWN) return false
  const edge = receiver.lastAck + scaledWindow(receiver)
  return (segment.sequence + segment.length) >>> 0 === edge >>> 0
}

/** Which kind of "sent before, or late" a segment with data, SYN or FIN is, if any. */
function resending(segment: Segment, roundTrip: number): number {
  const { sender, receiver, sequence, length, time } = segment
  const next = sender.next
  const peerAck = receiver.lastAck
  if (length > 0 && peerAck !== 0 && diff(sequence + length, peerAck) <= 0)
    return ANOMALY_SPURIOUS_RETRANSMISSION
  // More than one byte from the last number on is new data behind a probe.
  if (next === 0 || diff(sequence, next) >= 0 || (length > 1 && sequence === (next - 1) >>> 0)) return 0
  if (
    receiver.dupAcks >= 2 &&
    peerAck === sequence &&
    isWithin(time - receiver.lastTime, FAST_RETRANSMISSION_WITHIN)
  )
    return ANOMALY_FAST_RETRANSMISSION
  const within = roundTrip === 0 ? OUT_OF_ORDER_WITHIN : roundTrip
  if (isWithin(time - sender.nextTime, within) && segment.end !== next) return ANOMALY_OUT_OF_ORDER
  return ANOMALY_RETRANSMISSION
}

/** A clock that steps back is no sign of haste. */
function isWithin(nanos: number, limit: number): boolean {
  return nanos >= 0 && nanos < limit
}

function remember(segment: Segment, found: number): void {
  const { sender, sequence, end, time, flags } = segment
  if ((found & ANOMALY_ZERO_WINDOW_PROBE) === 0) {
    const next = sender.next
    if (next === 0 || diff(end, next) > 0) {
      sender.next = end
      sender.nextTime = time
    }
    const contiguous = sender.contiguous
    if (contiguous === 0 || sequence === contiguous) sender.contiguous = sender.next
  }
  sender.window = segment.window
  sender.lastAck = segment.acknowledgement
  sender.lastTime = time
  sender.lastAnomalies = found
  if (segment.options.present & HAS_MPTCP || sender.marks & SIDE_MPTCP_NEWS) rememberOperations(segment)
  if (flags & SYN) rememberScale(segment)
  else sender.marks |= SIDE_SCALED
  if ((flags & RST) === 0) {
    const window = scaledWindow(sender)
    if (window > sender.maxWindow) sender.maxWindow = window
  }
}

/**
 * MPTCP sends its signals on ACKs that repeat the last one, which are no sign of loss (RFC 8684). As Wireshark does it, an
 * operation's first time exempts the next ACK of each side, not the one that carried it.
 */
function rememberOperations({ sender, receiver, options, flags }: Segment): void {
  sender.marks &= ~SIDE_MPTCP_NEWS
  if ((flags & SYN) !== 0 || ((sender.options | receiver.options) & OPTION_MPTCP) === 0) return
  const operations = (options.mptcpSubtypes >> MPTCP_DSS) * SIDE_MPTCP_FIRST
  const first = operations & SIDE_MPTCP_MASK & ~(sender.marks | receiver.marks)
  if (first === 0) return
  sender.marks |= first | SIDE_MPTCP_NEWS
  receiver.marks |= SIDE_MPTCP_NEWS
}

/** RFC 7323 section 2.2: scaling is on only when both SYNs offer it; a window in a SYN is never scaled. */
function rememberScale(segment: Segment): void {
  const { sender, receiver, options, flags } = segment
  sender.marks &= ~SIDE_SCALED
  const offered = (options.present & HAS_WINDOW_SCALE) !== 0
  if (!offered || (flags & ACK && receiver.scale === SCALE_NONE)) {
    sender.scale = SCALE_NONE
    receiver.scale = SCALE_NONE
  } else sender.scale = Math.min(options.windowScale, MAX_SCALE)
}

/**
 * The latest window that a side advertised, in bytes; unscaled while its scale is unknown.
 * At most 65 535 << 14, so the shift stays positive (`2 ** scale` cost 150 ns a packet here).
 */
export function scaledWindow(side: SideView): number {
  const scale = side.scale
  const window = side.window
  return scale <= MAX_SCALE && side.marks & SIDE_SCALED ? window << scale : window
}
