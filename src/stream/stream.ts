import { diff } from '../wire/seq.ts'
import { FIN, RST, SYN } from '../wire/tcp-bits.ts'
import type { OverlapPolicy } from './overlap.ts'
import { PAGE_BYTES, type PagePool } from './page.ts'
import { Pending } from './pending.ts'

/**
 * Why bytes are missing: the receiver acknowledged them (it has them, the capture has not), or the FIN behind them
 * alone;
 * a memory limit of this direction or of all made us stop waiting; or nothing more can come.
 */
export type GapReason = 'acked' | 'fin' | 'limit' | 'evicted' | 'end'

/** Receives a stream. Offsets count from its first byte; times are those of the packets that brought the bytes. */
export interface StreamSink {
  /** The next `length` bytes in order: `bytes` from `start` on, borrowed. */
  data(stream: Stream, offset: number, bytes: Uint8Array, start: number, length: number, time: number): void
  /** Bytes that were never seen; the stream goes on behind them. */
  gap(stream: Stream, offset: number, length: number, reason: GapReason, time: number): void
  /** Bytes that were seen but cut off by the capture's snaplen; the stream goes on behind them. */
  truncated(stream: Stream, offset: number, length: number, time: number): void
  /** Bytes that came again before their turn; whether they were the same, or the policy had to decide. */
  overlap(stream: Stream, offset: number, length: number, same: boolean, time: number): void
  /** Bytes that came when their turn was over; negative offsets are before the first packet of a midstream flow. */
  late(stream: Stream, offset: number, length: number, time: number): void
  /** Bytes that were left out, since by their numbers they are beyond any window or behind the FIN. */
  stray(stream: Stream, offset: number, length: number, time: number): void
}

/** One segment as a stream takes it. Borrowed and reused: valid during the call. */
export interface StreamSegment {
  readonly sequence: number
  readonly acknowledgement: number
  /** Bits of `wire/tcp.ts`. */
  readonly flags: number
  /** The payload is `captured` bytes of `bytes` from `start` on, `length` bytes on the wire. */
  readonly bytes: Uint8Array
  readonly start: number
  readonly captured: number
  readonly length: number
  readonly time: number
}

export interface StreamLimits {
  readonly policy: OverlapPolicy
  /** Memory for out-of-order bytes of one direction. */
  readonly streamBytes: number
}

/** Farther than the largest window (RFC 7323 section 2.3): not this stream's. */
const FAR = 2 ** 30
/** Out-of-order segments held in one direction, however small: inserting one moves those behind it. */
const MAX_PIECES = 4096
const UNKNOWN = Number.POSITIVE_INFINITY

/**
 * The bytes that one endpoint sent, in order.
 *
 * What comes in turn is passed on at once, uncopied, and is never replaced later, as in every TCP; what comes early
 * is copied and waits. A hole becomes a gap only on evidence: the peer acknowledged bytes that are there behind it,
 * a memory limit was reached, or the stream ended. No timer does it, and while nothing waits behind a hole it costs
 * nothing to wait for what may have been captured late.
 */
export class Stream {
  /** The id of its flow. */
  readonly flow: number
  readonly fromClient: boolean
  /** Offset of the next byte in order. */
  next = 0
  private readonly pool: PagePool
  private readonly limits: StreamLimits
  private readonly sink: StreamSink
  private pending: Pending | undefined
  /** Sequence number of offset 0. */
  private base = 0
  private known = false
  /** Up to where the peer acknowledged, when that is beyond `next`. */
  private acked = 0
  /** Where the FIN stands: the length of the stream. */
  private length = UNKNOWN

  constructor(flow: number, fromClient: boolean, pool: PagePool, limits: StreamLimits, sink: StreamSink) {
    this.flow = flow
    this.fromClient = fromClient
    this.pool = pool
    this.limits = limits
    this.sink = sink
  }

  /** Whether bytes wait for others. */
  get isWaiting(): boolean {
    return this.pending !== undefined && this.pending.pieces.count > 0
  }

  /** Settles which number the first byte has, when no segment of its own has done so. */
  begin(sequence: number): void {
    if (this.known) return
    this.known = true
    this.base = sequence
  }

  /** A segment of this direction. A reset's payload is no stream data (RFC 9293 section 3.5.3). */
  segment(segment: StreamSegment): void {
    const { flags, length, time } = segment
    if (flags & RST) return
    const first = flags & SYN ? (segment.sequence + 1) >>> 0 : segment.sequence
    // A SYN settles the numbers, unless data was taken already.
    if (flags & SYN && this.next === 0 && !this.isWaiting) this.known = false
    this.begin(first)
    const offset = this.offsetOf(first)
    if (Math.abs(offset - this.next) > FAR || (flags & SYN && offset !== 0)) {
      if (length > 0) this.sink.stray(this, offset, length, time)
      return
    }
    if (flags & FIN) this.finish(offset + length)
    if (length > 0) this.take(segment, offset)
  }

  /** An acknowledgement by the peer. */
  acknowledged(acknowledgement: number, time: number): void {
    if (!this.known) return
    const ahead = diff(acknowledgement, this.sequenceOf(this.next))
    if (ahead <= 0 || ahead > FAR || this.next + ahead <= this.acked) return
    this.acked = this.next + ahead
    this.settle(time)
  }

  /** Stops waiting: everything that is there is passed on, every hole a gap. */
  giveUp(reason: GapReason, time: number): void {
    while (this.isWaiting) this.skip(reason, time)
  }

  /** Nothing more will come. */
  end(time: number): void {
    this.giveUp('end', time)
    if (this.length !== UNKNOWN) {
      if (this.next < this.length) this.gap(this.length, this.acked > this.length ? 'fin' : 'end', time)
      return
    }
    // A single number that was acknowledged beyond the data can be that of a FIN which was not captured.
    if (this.acked - this.next > 1) this.gap(this.acked, 'acked', time)
  }

  /** Exact for any offset: conversion to 32 bits is modulo 2^32. */
  private sequenceOf(offset: number): number {
    return (this.base + offset) >>> 0
  }

  private offsetOf(sequence: number): number {
    return this.next + diff(sequence, this.sequenceOf(this.next))
  }

  /** The first FIN settles the length, unless there are bytes behind it. */
  private finish(length: number): void {
    if (this.length !== UNKNOWN || length < this.next) return
    const pieces = this.pending?.pieces
    if (pieces !== undefined && pieces.count > 0 && pieces.end[pieces.count - 1]! > length) return
    this.length = length
  }

  private take(segment: StreamSegment, offset: number): void {
    const { bytes, time, captured } = segment
    // A keep-alive: one byte before the next one, of no meaning (RFC 9293 section 3.8.4).
    if (segment.length === 1 && offset === this.next - 1) return
    const end = Math.min(offset + segment.length, this.length)
    const bytesEnd = Math.min(offset + captured, end)
    if (offset < this.next) this.sink.late(this, offset, Math.min(end, this.next) - offset, time)
    const stray = Math.min(offset + segment.length - end, segment.length)
    if (stray > 0) this.sink.stray(this, offset + segment.length - stray, stray, time)
    const low = Math.max(offset, this.next)
    if (low >= end) return
    const start = segment.start + low - offset
    const waiting = this.isWaiting
    if (low === this.next && (!waiting || end <= this.pending!.pieces.start[0]!)) {
      if (low < bytesEnd) this.deliver(bytes, start, bytesEnd - low, time)
      if (this.next < end) this.cutTo(end, time)
    } else {
      this.pending ??= new Pending(this.pool, this.limits.policy, (at, length, same, when) =>
        this.sink.overlap(this, at, length, same, when),
      )
      if (low < bytesEnd) this.pending.store(low, bytesEnd, bytes, start, time)
      if (bytesEnd < end) this.pending.storeCut(Math.max(low, bytesEnd), end, time)
    }
    if (waiting || this.isWaiting) this.settle(time)
  }

  /** Passes on what has become contiguous, and skips holes that there is evidence for. */
  private settle(time: number): void {
    const { pending } = this
    if (pending === undefined || pending.pieces.count === 0) return
    const { pieces, pages } = pending
    this.drain(pending)
    // As Wireshark does: bytes behind the hole are acknowledged, so those in the hole are too.
    while (pieces.count > 0 && this.acked > pieces.start[0]!) this.skip('acked', time)
    while (pieces.count > MAX_PIECES || pages.size > this.limits.streamBytes) this.skip('limit', time)
  }

  /** Gives up the first hole. */
  private skip(reason: GapReason, time: number): void {
    const pending = this.pending!
    this.gap(pending.pieces.start[0]!, reason, time)
    this.drain(pending)
  }

  /** Passes on the pieces up to the first hole. */
  private drain({ pieces, pages }: Pending): void {
    let done = 0
    for (; done < pieces.count && pieces.start[done] === this.next; done++) {
      const end = pieces.end[done]!
      const time = pieces.time[done]!
      if (pieces.cut[done] === 1) this.cutTo(end, time)
      while (this.next < end) {
        const inPage = this.next % PAGE_BYTES
        const size = Math.min(end - this.next, PAGE_BYTES - inPage)
        this.deliver(pages.at(this.next), inPage, size, time)
      }
    }
    if (done === 0) return
    pieces.remove(0, done)
    if (pieces.count === 0) pages.clear()
    else pages.release(this.next)
  }

  private deliver(bytes: Uint8Array, start: number, length: number, time: number): void {
    const offset = this.next
    this.next = offset + length
    this.sink.data(this, offset, bytes, start, length, time)
  }

  private cutTo(end: number, time: number): void {
    const offset = this.next
    this.next = end
    this.sink.truncated(this, offset, end - offset, time)
  }

  private gap(end: number, reason: GapReason, time: number): void {
    const offset = this.next
    this.next = end
    this.sink.gap(this, offset, end - offset, reason, time)
  }
}
