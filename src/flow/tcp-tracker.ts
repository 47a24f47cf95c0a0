import type { PlainSegment } from '../wire/plain-segment.ts'
import { diff } from '../wire/seq.ts'
import type { PacketStack } from '../wire/stack.ts'
import { ACK, CWR, ECE, FIN, RST, SYN } from '../wire/tcp.ts'
import {
  HAS_FAST_OPEN,
  HAS_MPTCP,
  HAS_MSS,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_WINDOW_SCALE,
  MPTCP_CAPABLE,
  MPTCP_JOIN,
} from '../wire/tcp-options.ts'
import * as found from './analysis.ts'
import { annotate, CLOSE, isSurprise } from './annotate.ts'
import type { FlowKey } from './key.ts'
import { LIST_ATTEMPTS, LIST_ENDED, LIST_OPEN } from './lists.ts'
import * as mark from './marks.ts'
import { observe } from './observer.ts'
import { asksForWindow, countRepeats } from './repeats.ts'
import { Segment, STEP_THIRD_ACK } from './segment.ts'
import { comesFromServer } from './server-ports.ts'
import { markSteady } from './steady.ts'
import type { FlowStore } from './store.ts'
import { type FlowId, NO_FLOW } from './table.ts'
import { CLOSED, ESTABLISHED, isOver, SYN_SENT } from './tcp-state.ts'
import type { Nanos } from './time.ts'
import * as word from './trouble.ts'
import { isTrouble } from './trouble-sink.ts'
import { observeZeek, writeGap } from './zeek.ts'

/** Anomalies that a counter of the sender's record stands for. */
const COUNTED: readonly (readonly [anomaly: number, counter: number])[] = [
  [found.ANOMALY_RETRANSMISSION, word.RETRANSMISSIONS],
  [found.ANOMALY_FAST_RETRANSMISSION, word.FAST_RETRANSMISSIONS],
  [found.ANOMALY_SPURIOUS_RETRANSMISSION, word.SPURIOUS_RETRANSMISSIONS],
  [found.ANOMALY_OUT_OF_ORDER, word.OUT_OF_ORDER],
  [found.ANOMALY_LOST_SEGMENT, word.LOST_SEGMENTS],
  [found.ANOMALY_DUP_ACK, word.DUP_ACKS],
  [found.ANOMALY_ZERO_WINDOW, word.ZERO_WINDOWS],
  [found.ANOMALY_WINDOW_FULL, word.WINDOW_FULLS],
  [found.ANOMALY_KEEP_ALIVE, word.KEEP_ALIVES],
]

/** Takes TCP segments through the stages: state machine, analysis, round trips, gaps, Zeek's view, events. */
export class TcpTracker {
  private readonly store: FlowStore
  private readonly segment: Segment

  constructor(store: FlowStore) {
    this.store = store
    this.segment = new Segment(store.flow)
  }

  /** A packet that was walked; `key` is its own. Returns its row. */
  packet(stack: PacketStack, key: FlowKey, time: Nanos, iface: number, packet: number): FlowId {
    const { segment } = this
    const { tcp } = stack
    segment.time = time
    segment.packet = packet
    segment.iface = iface
    segment.options = stack.tcpOptions
    segment.sequence = tcp.sequence
    segment.acknowledgement = tcp.acknowledgement
    segment.flags = tcp.flags
    segment.window = tcp.window
    segment.ttl = stack.ttl
    segment.length = stack.payloadLength
    return this.take(key, this.store.table.find(key))
  }

  /** A plain segment; `known` is its row, or NO_FLOW. Returns its row. */
  plain(plain: PlainSegment, key: FlowKey, known: FlowId): FlowId {
    const { segment } = this
    segment.time = plain.time as Nanos
    segment.packet = plain.packet
    segment.iface = plain.iface
    segment.options = plain.readOptions()
    segment.sequence = plain.sequence
    segment.acknowledgement = plain.acknowledgement
    segment.flags = plain.flags
    segment.window = plain.window
    segment.ttl = plain.ttl
    segment.length = plain.payloadLength
    return this.take(key, known)
  }

  /** The segment that was filled in. */
  private take(key: FlowKey, known: FlowId): FlowId {
    const { store, segment } = this
    const { flow } = store
    const sender = flow.side(key.direction)
    if (known !== NO_FLOW) flow.move(known)
    store.rtt.now = segment.time
    segment.end = (segment.sequence + segment.length + (segment.flags & (SYN | FIN) ? 1 : 0)) >>> 0
    segment.sender = sender
    segment.receiver = sender.peer
    const reused = known !== NO_FLOW && this.isNewIncarnation()
    if (reused) store.close(known, segment.time)
    const row = reused || known === NO_FLOW ? this.open(key) : known
    this.process(reused || this.isOtherAnswer())
    return row
  }

  /** A SYN with another number than the flow began with opens a new flow, as in Wireshark 4.0. */
  private isNewIncarnation(): boolean {
    const { flags, sender, sequence } = this.segment
    if ((flags & (SYN | ACK)) !== SYN) return false
    return (sender.marks & mark.SIDE_INITIAL_KNOWN) !== 0 && sender.initial !== sequence
  }

  /** A SYN+ACK with another number than its sender began with: told, but the same flow, as in Wireshark 4.0. */
  private isOtherAnswer(): boolean {
    const { flags, sender, sequence } = this.segment
    return (
      (flags & (SYN | ACK)) === (SYN | ACK) &&
      (sender.marks & mark.SIDE_INITIAL_KNOWN) !== 0 &&
      sender.initial !== sequence
    )
  }

  private open(key: FlowKey): FlowId {
    const { store, segment } = this
    const { flow, sender, receiver } = segment
    const midstream = (segment.flags & (SYN | ACK)) !== SYN
    const list = midstream ? LIST_OPEN : LIST_ATTEMPTS
    const row = store.open(key, list, segment.time, segment.iface)
    // Either answers a SYN that was not seen: only what has no ACK is reset with number 0 (RFC 9293 section 3.5.2).
    const refusal = (segment.flags & (RST | ACK)) === (RST | ACK) && segment.sequence === 0
    const answer = (segment.flags & SYN) !== 0 || refusal
    // A SYN+ACK comes from a server; otherwise the ports have to tell.
    const flipped = midstream && (answer || comesFromServer(key.sourcePort, key.destinationPort))
    flow.client = flipped ? 1 - key.direction : key.direction
    if (flipped) store.histories.flip(flow)
    if (!midstream) {
      sender.proven = sender.expected = CLOSED
      return row
    }
    flow.marks |= mark.FLOW_MIDSTREAM
    // Whoever is answered so waits for it; all else passes between open endpoints.
    receiver.proven = receiver.expected = answer ? SYN_SENT : ESTABLISHED
    if (!answer) sender.proven = sender.expected = ESTABLISHED
    return row
  }

  private process(reused: boolean): void {
    const { store, segment } = this
    const { flow, sender, receiver, flags } = segment
    const next = sender.next
    const lastTime = sender.lastTime
    sender.packets++
    if (sender.packets === 1 && (flags & RST) === 0) flow.setTtl(sender.direction, segment.ttl)
    sender.wireBytes += segment.length
    this.rememberInitial()
    if (flags & SYN) this.rememberSyn()
    observe(segment)
    this.rememberTimes()
    const marks = flow.marks
    const roundTrip = marks & mark.FLOW_ROUND_TRIP ? flow.ackTime - flow.synTime : 0
    found.analyse(segment, roundTrip)
    if (segment.anomalies !== 0 || flags & RST) this.countAnomalies()
    if (flags & ACK) store.rtt.acknowledged(receiver, segment.acknowledgement | 0)
    if (segment.end !== segment.sequence && !asksForWindow(store, segment)) {
      if (next !== 0 && diff(segment.sequence, next) < 0)
        store.rtt.sentLate(segment, next, countRepeats(store, segment, next))
      else store.rtt.sent(sender, segment.sequence | 0, segment.end | 0)
    }
    const isClient = flow.client === sender.direction
    observeZeek(store, segment, isClient)
    if ((sender.trouble | receiver.trouble) !== 0) this.followGaps(next, isClient)
    if (store.sinks.event !== undefined && ((segment.steps | segment.anomalies) !== 0 || isSurprise(segment)))
      annotate(store, segment, { next, time: lastTime }, reused)
    if (segment.steps & CLOSE) flow.closeTime = segment.time
    if (segment.steps !== 0 || flow.list !== LIST_OPEN) this.place()
    const { trouble } = store.sinks
    if (trouble !== undefined && isTrouble(segment)) trouble.segment(segment, lastTime)
    markSteady(flow, store.trouble)
  }

  /** The number before the first byte of a direction: its SYN's, else inferred from what is there. */
  private rememberInitial(): void {
    const { segment } = this
    const { sender, receiver, flags } = segment
    const known = (sender.marks & mark.SIDE_INITIAL_KNOWN) !== 0
    if (known && sender.packets === 1 && segment.sequence !== (sender.initial + 1) >>> 0) {
      // What the peer acknowledged before is not where this side begins.
      const row = this.store.troubleOf(sender)
      this.store.trouble.set(row, word.LOWEST_KNOWN, 1)
      this.store.trouble.set(row, word.LOWEST, segment.sequence)
    }
    if (!known) {
      sender.marks |= mark.SIDE_INITIAL_KNOWN
      sender.initial = flags & SYN ? segment.sequence : segment.sequence - 1
    }
    if ((receiver.marks & mark.SIDE_INITIAL_KNOWN) === 0 && flags & ACK) {
      receiver.marks |= mark.SIDE_INITIAL_KNOWN
      receiver.initial = segment.acknowledgement - 1
    }
  }

  private rememberSyn(): void {
    const { sender, flags, options, length } = this.segment
    // The first SYN settles where the numbers begin, whatever an older connection's segments said.
    if ((sender.marks & (mark.SIDE_SYN | mark.SIDE_SYN_ACK)) === 0) sender.initial = this.segment.sequence
    if (length > 0) sender.marks |= mark.SIDE_SYN_DATA
    if (flags & ACK) sender.synAckCount++
    else sender.synCount++
    const { present } = options
    let bits = 0
    if (present & HAS_MSS) {
      bits |= mark.OPTION_MSS
      sender.mss = options.mss
    }
    if (present & HAS_SACK_PERMITTED) bits |= mark.OPTION_SACK_PERMITTED
    if (present & HAS_TIMESTAMPS) bits |= mark.OPTION_TIMESTAMPS
    if (present & HAS_FAST_OPEN)
      bits |=
        options.fastOpenCookieLength === 0 ? mark.OPTION_FAST_OPEN_REQUEST : mark.OPTION_FAST_OPEN_COOKIE
    if (present & HAS_MPTCP && options.mptcpSubtype === MPTCP_CAPABLE) bits |= mark.OPTION_MPTCP_CAPABLE
    if (present & HAS_MPTCP && options.mptcpSubtype === MPTCP_JOIN) bits |= mark.OPTION_MPTCP_JOIN
    // RFC 3168 section 6.1.1: a SYN asks with both bits, a SYN+ACK agrees with ECE alone.
    const ecn = flags & (ECE | CWR)
    if (flags & ACK ? ecn === ECE : ecn === (ECE | CWR)) bits |= mark.OPTION_ECN
    sender.options = bits
    sender.scaleOffer = present & HAS_WINDOW_SCALE ? options.windowScale + 1 : 0
  }

  /** Times of the handshake, up to the first ACK behind it. */
  private rememberTimes(): void {
    const { flow, sender, sequence, flags, time, steps } = this.segment
    if (steps & STEP_THIRD_ACK) {
      flow.ackTime = time
      flow.marks |= mark.FLOW_ROUND_TRIP
      const { next } = sender
      if (next !== 0 && diff(sequence, next) > 0) flow.marks |= mark.FLOW_LATE_THIRD_ACK
    }
    const marks = flow.marks
    if ((flags & (SYN | ACK)) === (SYN | ACK)) {
      if ((marks & mark.FLOW_ESTABLISHED) === 0) flow.synAckTime = time
    } else if (marks & mark.FLOW_ROUND_TRIP) return
    else if (flags & SYN) flow.synTime = time
    else if (flags & ACK && (flow.lower.synCount | flow.upper.synCount) !== 0) {
      flow.ackTime = time
      flow.marks |= mark.FLOW_ROUND_TRIP
    }
  }

  private countAnomalies(): void {
    const { store, segment } = this
    const row = store.troubleOf(segment.sender)
    for (let i = 0; i < COUNTED.length; i++) {
      if (segment.anomalies & COUNTED[i]![0]) store.trouble.count(row, COUNTED[i]![1])
    }
    if (segment.flags & RST) store.trouble.count(row, word.RESETS)
    if (segment.anomalies & found.ANOMALY_ACKED_UNSEEN) store.troubleOf(segment.receiver)
  }

  /** Keeps the ranges that were skipped, and counts those that turn out to be missed. `next` is from before. */
  private followGaps(next: number, isClient: boolean): void {
    const { store, segment } = this
    const { gaps, trouble } = store
    const own = segment.sender.trouble
    const peer = segment.receiver.trouble
    if (segment.anomalies & found.ANOMALY_LOST_SEGMENT) {
      const acked = segment.sender.acked
      // What the peer acknowledged beyond was counted then.
      const from = diff(acked, next) > 0 ? acked : next
      if (diff(segment.sequence, from) > 0) gaps.open(trouble, own, from, segment.sequence)
    }
    if (peer === 0 || (segment.flags & (ACK | RST)) !== ACK) return
    let missed = gaps.acknowledged(trouble, peer, segment.acknowledgement)
    const open = segment.receiver.marks & mark.SIDE_SYN_ACKED
    if (open && segment.receiver.next !== 0) missed += this.unseenBeyond(peer)
    if (missed <= 0) return
    trouble.add(peer, word.MISSED, missed)
    writeGap(store, segment, isClient)
  }

  /** Bytes acknowledged beyond everything that was sent before anyone's eyes. */
  private unseenBeyond(peer: number): number {
    const { store, segment } = this
    const { trouble } = store
    const seen = segment.receiver.next
    const counted = trouble.get(peer, word.UNSEEN_UP_TO)
    const from = trouble.get(peer, word.UNSEEN_KNOWN) && diff(counted, seen) > 0 ? counted : seen
    const missed = diff(segment.acknowledgement, from)
    if (missed <= 0) return 0
    trouble.set(peer, word.UNSEEN_KNOWN, 1)
    trouble.set(peer, word.UNSEEN_UP_TO, segment.acknowledgement)
    return missed
  }

  /** Puts the flow on the list where it now waits. */
  private place(): void {
    const { store, segment } = this
    const { flow, sender, receiver } = segment
    const marks = flow.marks
    const over = isOver(sender.expected) && isOver(receiver.expected)
    if (over && (flow.closer !== 0 || marks & mark.FLOW_RESET))
      store.lists.move(store.table.memory, flow.row, LIST_ENDED)
    else if (marks & (mark.FLOW_ESTABLISHED | mark.FLOW_MIDSTREAM) || sender.proven >= ESTABLISHED) {
      if (flow.list !== LIST_OPEN) store.lists.move(store.table.memory, flow.row, LIST_OPEN)
    }
  }
}
