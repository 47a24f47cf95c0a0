import { ACK, CWR, ECE, FIN, RST, SYN } from '../../wire/tcp-bits.ts'
import {
  HAS_FAST_OPEN,
  HAS_MPTCP,
  HAS_MSS,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_WINDOW_SCALE,
  MPTCP_CAPABLE,
  MPTCP_JOIN,
} from '../../wire/tcp-option-numbers.ts'
import {
  ANOMALY_ACKED_UNSEEN,
  ANOMALY_DUP_ACK,
  ANOMALY_FAST_RETRANSMISSION,
  ANOMALY_KEEP_ALIVE,
  ANOMALY_LOST_SEGMENT,
  ANOMALY_OUT_OF_ORDER,
  ANOMALY_RETRANSMISSION,
  ANOMALY_SPURIOUS_RETRANSMISSION,
  ANOMALY_WINDOW_FULL,
  ANOMALY_ZERO_WINDOW,
} from '../anomalies.ts'
import { KEY_PORTS, TELL_EVENTS, TELL_RESETS_LATE, TELL_TROUBLE } from '../layout.ts'
import { LETTER_FLIPPED } from '../letters.ts'
import { LIST_ATTEMPTS, LIST_ENDED, LIST_OPEN } from '../list-numbers.ts'
import * as mark from '../marks.ts'
import { CLOSED, ESTABLISHED, LISTEN, SYN_SENT, TIME_WAIT } from '../state-numbers.ts'
import { STEP_FIRST_FIN_ACKED, STEP_SECOND_FIN, STEP_THIRD_ACK } from '../steps.ts'
import { CLOSE_STEPS, TROUBLE_ANOMALIES, TROUBLE_MARKS, TROUBLE_STEPS } from '../told.ts'
import * as word from '../trouble-words.ts'
import { analyse } from './analysis.ts'
import { annotate, isSurprise } from './annotate.ts'
import { acknowledgeGaps, openGap } from './gaps.ts'
import { holdReset, isHoldable, tellHeld } from './held-reset.ts'
import { append } from './history.ts'
import { told, trouble } from './host.ts'
import { place } from './lists.ts'
import { observe } from './observer.ts'
import { comesFromServer } from './ports.ts'
import { asksForWindow, countRepeats } from './repeats.ts'
import { type Flow, flowAt } from './row.ts'
import { acknowledged, sent, sentLate } from './rtt.ts'
import { diff, segment } from './segment.ts'
import { markSteady } from './steady.ts'
import { close, open } from './store.ts'
import { add, count, get, set, troubleOf } from './trouble.ts'
import { observeZeek, writeGap } from './zeek.ts'

/**
 * Takes the segment at hand, whose header part is filled in, through the stages: state machine, analysis, round trips,
 * gaps, Zeek's view, events. `key` is its flow's, `known` that flow's row, or 0. Returns the row.
 */
export function takeSegment(key: usize, known: u32): u32 {
  segment.end = segment.sequence + segment.length + (segment.flags & (SYN | FIN) ? 1 : 0)
  if (known != 0) moveTo(flowAt(known))
  const reused = known != 0 && isNewIncarnation()
  if (reused) close(flowAt(known), segment.time)
  if (reused || known == 0) openFlow(key)
  process(reused || isOtherAnswer())
  return segment.row
}

function moveTo(flow: Flow): void {
  segment.row = flow.row
  segment.flow = flow
  segment.sender = flow.side(segment.direction)
  segment.receiver = flow.side(1 - segment.direction)
}

/** A SYN with another number than the flow began with opens a new flow, as in Wireshark 4.0. */
function isNewIncarnation(): bool {
  if ((segment.flags & (SYN | ACK)) != SYN) return false
  const sender = segment.sender
  return (sender.marks & mark.SIDE_INITIAL_KNOWN) != 0 && sender.initial != segment.sequence
}

/** A SYN+ACK with another number than its sender began with: told, but the same flow, as in Wireshark 4.0. */
function isOtherAnswer(): bool {
  if ((segment.flags & (SYN | ACK)) != (SYN | ACK)) return false
  const sender = segment.sender
  return (sender.marks & mark.SIDE_INITIAL_KNOWN) != 0 && sender.initial != segment.sequence
}

function openFlow(key: usize): void {
  const flags = segment.flags
  const midstream = (flags & (SYN | ACK)) != SYN
  const flow = open(key, midstream ? LIST_OPEN : LIST_ATTEMPTS, segment.time, segment.iface)
  moveTo(flow)
  const sender = segment.sender
  const receiver = segment.receiver
  const direction = segment.direction
  // Either answers a SYN that was not seen: only what has no ACK is reset with number 0 (RFC 9293 section 3.5.2).
  const refusal = (flags & (RST | ACK)) == (RST | ACK) && segment.sequence == 0
  const answer = (flags & SYN) != 0 || refusal
  // A SYN+ACK comes from a server; otherwise the ports have to tell.
  const ports = load<u32>(key, KEY_PORTS * 4)
  const flipped = midstream && (answer || comesFromServer(direction == 0 ? ports : rotl(ports, 16)))
  flow.client = flipped ? 1 - direction : direction
  if (flipped) append(flow, LETTER_FLIPPED)
  if (!midstream) {
    sender.proven = CLOSED
    sender.expected = CLOSED
    return
  }
  flow.marks |= mark.FLOW_MIDSTREAM
  // Whoever is answered so waits for it; all else passes between open endpoints.
  const waiting = answer ? SYN_SENT : ESTABLISHED
  receiver.proven = waiting
  receiver.expected = waiting
  if (answer) return
  sender.proven = ESTABLISHED
  sender.expected = ESTABLISHED
}

function process(reused: bool): void {
  const flow = segment.flow
  const sender = segment.sender
  const receiver = segment.receiver
  const flags = segment.flags
  const direction = segment.direction
  if (flow.marks & mark.FLOW_RESET_HELD) tellHeld(flow)
  const next = sender.next
  const lastTime = sender.lastTime
  sender.packets++
  if (sender.packets == 1 && (flags & RST) == 0) flow.setTtl(direction, segment.ttl)
  sender.wireBytes += segment.length
  rememberInitial()
  if (flags & SYN) rememberSyn()
  observe()
  rememberTimes()
  const roundTrip: f64 = flow.marks & mark.FLOW_ROUND_TRIP ? flow.ackTime - flow.synTime : 0
  analyse(roundTrip)
  if (segment.anomalies != 0 || (flags & RST) != 0) countAnomalies()
  if (flags & ACK) acknowledged(flow, 1 - direction, segment.acknowledgement, segment.time)
  if (segment.end != segment.sequence && !asksForWindow()) {
    if (next != 0 && diff(segment.sequence, next) < 0) sentLate(next, countRepeats(next))
    else sent(sender, segment.sequence, segment.end, segment.time)
  }
  const isClient = flow.client == direction
  observeZeek(isClient)
  if ((sender.trouble | receiver.trouble) != 0) followGaps(next, isClient)
  const steps = segment.steps
  if ((told & TELL_EVENTS) != 0 && ((steps | segment.anomalies) != 0 || isSurprise()))
    annotate(next, lastTime, reused)
  if (steps & CLOSE_STEPS) flow.closeTime = segment.time
  if (steps != 0 || flow.list != LIST_OPEN) findPlace()
  if ((told & TELL_TROUBLE) != 0 && isTrouble()) {
    if ((told & TELL_RESETS_LATE) != 0 && isHoldable()) holdReset(lastTime)
    else trouble(lastTime)
  }
  markSteady(flow)
}

/** Whether the segment can matter to a verdict. */
function isTrouble(): bool {
  const steps = segment.steps
  const anomalies = segment.anomalies
  if ((anomalies & TROUBLE_ANOMALIES) != 0 || (segment.flow.marks & TROUBLE_MARKS) != 0) return true
  // A FIN that acknowledges the other: nearly all connections end so, and nothing stays half closed.
  if (steps == (STEP_FIRST_FIN_ACKED | STEP_SECOND_FIN) && anomalies == 0) return false
  return (steps & TROUBLE_STEPS) != 0
}

/** The number before the first byte of a direction: its SYN's, else inferred from what is there. */
function rememberInitial(): void {
  const sender = segment.sender
  const receiver = segment.receiver
  const known = (sender.marks & mark.SIDE_INITIAL_KNOWN) != 0
  if (known && sender.packets == 1 && segment.sequence != sender.initial + 1) {
    // What the peer acknowledged before is not where this side begins.
    const row = troubleOf(sender)
    set(row, word.LOWEST_KNOWN, 1)
    set(row, word.LOWEST, segment.sequence)
  }
  if (!known) {
    sender.marks |= mark.SIDE_INITIAL_KNOWN
    sender.initial = segment.flags & SYN ? segment.sequence : segment.sequence - 1
  }
  if ((receiver.marks & mark.SIDE_INITIAL_KNOWN) == 0 && (segment.flags & ACK) != 0) {
    receiver.marks |= mark.SIDE_INITIAL_KNOWN
    receiver.initial = segment.acknowledgement - 1
  }
}

function rememberSyn(): void {
  const sender = segment.sender
  const flags = segment.flags
  const present = segment.present
  // The first SYN settles where the numbers begin, whatever an older connection's segments said.
  if ((sender.marks & (mark.SIDE_SYN | mark.SIDE_SYN_ACK)) == 0) sender.initial = segment.sequence
  if (segment.length > 0) sender.marks |= mark.SIDE_SYN_DATA
  if (flags & ACK) sender.synAckCount += 1
  else sender.synCount += 1
  let bits = 0
  if (present & HAS_MSS) {
    bits |= mark.OPTION_MSS
    sender.mss = segment.mss
  }
  if (present & HAS_SACK_PERMITTED) bits |= mark.OPTION_SACK_PERMITTED
  if (present & HAS_TIMESTAMPS) bits |= mark.OPTION_TIMESTAMPS
  if (present & HAS_FAST_OPEN)
    bits |= segment.cookieLength == 0 ? mark.OPTION_FAST_OPEN_REQUEST : mark.OPTION_FAST_OPEN_COOKIE
  if (present & HAS_MPTCP) {
    if (segment.mptcpSubtype == MPTCP_CAPABLE) bits |= mark.OPTION_MPTCP_CAPABLE
    if (segment.mptcpSubtype == MPTCP_JOIN) bits |= mark.OPTION_MPTCP_JOIN
  }
  // RFC 3168 section 6.1.1: a SYN asks with both bits, a SYN+ACK agrees with ECE alone.
  const ecn = flags & (ECE | CWR)
  if (flags & ACK ? ecn == ECE : ecn == (ECE | CWR)) bits |= mark.OPTION_ECN
  sender.options = bits
  sender.scaleOffer = present & HAS_WINDOW_SCALE ? segment.windowScale + 1 : 0
}

/** Times of the handshake, up to the first ACK behind it. */
function rememberTimes(): void {
  const flow = segment.flow
  const flags = segment.flags
  const time = segment.time
  if (segment.steps & STEP_THIRD_ACK) {
    flow.ackTime = time
    flow.marks |= mark.FLOW_ROUND_TRIP
    const next = segment.sender.next
    if (next != 0 && diff(segment.sequence, next) > 0) flow.marks |= mark.FLOW_LATE_THIRD_ACK
  }
  const marks = flow.marks
  if ((flags & (SYN | ACK)) == (SYN | ACK)) {
    if ((marks & mark.FLOW_ESTABLISHED) == 0) flow.synAckTime = time
  } else if (marks & mark.FLOW_ROUND_TRIP) return
  else if (flags & SYN) flow.synTime = time
  else if ((flags & ACK) != 0 && (flow.lower.synCount | flow.upper.synCount) != 0) {
    flow.ackTime = time
    flow.marks |= mark.FLOW_ROUND_TRIP
  }
}

/** Counts what the sender's trouble row has a counter for. */
function countAnomalies(): void {
  const row = troubleOf(segment.sender)
  const found = segment.anomalies
  if (found & ANOMALY_RETRANSMISSION) count(row, word.RETRANSMISSIONS)
  if (found & ANOMALY_FAST_RETRANSMISSION) count(row, word.FAST_RETRANSMISSIONS)
  if (found & ANOMALY_SPURIOUS_RETRANSMISSION) count(row, word.SPURIOUS_RETRANSMISSIONS)
  if (found & ANOMALY_OUT_OF_ORDER) count(row, word.OUT_OF_ORDER)
  if (found & ANOMALY_LOST_SEGMENT) count(row, word.LOST_SEGMENTS)
  if (found & ANOMALY_DUP_ACK) count(row, word.DUP_ACKS)
  if (found & ANOMALY_ZERO_WINDOW) count(row, word.ZERO_WINDOWS)
  if (found & ANOMALY_WINDOW_FULL) count(row, word.WINDOW_FULLS)
  if (found & ANOMALY_KEEP_ALIVE) count(row, word.KEEP_ALIVES)
  if (segment.flags & RST) count(row, word.RESETS)
  if (found & ANOMALY_ACKED_UNSEEN) troubleOf(segment.receiver)
}

/** Keeps the ranges that were skipped, and counts those that turn out to be missed. `next` is from before. */
function followGaps(next: u32, isClient: bool): void {
  const own = segment.sender.trouble
  const peer = segment.receiver.trouble
  if (segment.anomalies & ANOMALY_LOST_SEGMENT) {
    const acked = segment.sender.acked
    // What the peer acknowledged beyond was counted then.
    const from = diff(acked, next) > 0 ? acked : next
    if (diff(segment.sequence, from) > 0) openGap(own, from, segment.sequence)
  }
  if (peer == 0 || (segment.flags & (ACK | RST)) != ACK) return
  let missed = acknowledgeGaps(peer, segment.acknowledgement)
  if ((segment.receiver.marks & mark.SIDE_SYN_ACKED) != 0 && segment.receiver.next != 0)
    missed += unseenBeyond(peer)
  if (missed <= 0) return
  add(peer, word.MISSED, missed)
  writeGap(isClient)
}

/** Bytes acknowledged beyond everything that was sent before anyone's eyes. */
function unseenBeyond(peer: usize): i32 {
  const seen = segment.receiver.next
  const counted = get(peer, word.UNSEEN_UP_TO)
  const from = get(peer, word.UNSEEN_KNOWN) != 0 && diff(counted, seen) > 0 ? counted : seen
  const missed = diff(segment.acknowledgement, from)
  if (missed <= 0) return 0
  set(peer, word.UNSEEN_KNOWN, 1)
  set(peer, word.UNSEEN_UP_TO, segment.acknowledgement)
  return missed
}

/** Puts the flow on the list where it now waits. */
function findPlace(): void {
  const flow = segment.flow
  const marks = flow.marks
  const over = isOver(segment.sender.expected) && isOver(segment.receiver.expected)
  if (over && (flow.closer != 0 || (marks & mark.FLOW_RESET) != 0)) place(flow, LIST_ENDED)
  else if (
    (marks & (mark.FLOW_ESTABLISHED | mark.FLOW_MIDSTREAM)) != 0 ||
    segment.sender.proven >= ESTABLISHED
  ) {
    if (flow.list != LIST_OPEN) place(flow, LIST_OPEN)
  }
}

/** True when the endpoint holds nothing of the connection but, maybe, its tombstone. */
function isOver(state: i32): bool {
  return state == CLOSED || state == TIME_WAIT || state == LISTEN
}
