import { diff } from '../wire/seq.ts'
import type { Segment } from './segment.ts'
import type { SideView } from './side-view.ts'

/** Segments timed at once in one direction: more outstanding ones are not sampled. */
const MAX_OUTSTANDING = 16_384
/** And in all flows together: 1 M entries are 20 MB. */
const MAX_ENTRIES = 1 << 20

/** Sent again, or something before it was: its acknowledgement times nothing. */
const VOID = Number.NaN

/**
 * Round trip times as tcptrace samples them: from a segment to the acknowledgement of exactly its end, only when
 * neither it nor an earlier outstanding one was sent again in between (Karn). SYN and FIN give samples too.
 *
 * Outstanding segments wait in one first-in first-out list a direction, linked through a shared pool. Sequence
 * numbers are signed here, and `now` is no argument: V8 puts what exceeds 2^31 on the heap to hand it over.
 */
export class RttSampler {
  /** Time of the packet at hand, nanoseconds. */
  now = 0.5
  private start = new Int32Array(256)
  private end = new Int32Array(256)
  private time = new Float64Array(256)
  /** Next entry + 1, of the queue or of the free list. */
  private after = new Int32Array(256)
  private used = 0
  private free = 0

  /** Takes note of a segment that begins with the highest number yet, or beyond. */
  sent(side: SideView, start: number, end: number): void {
    this.append(side, start, end)
  }

  /** Takes note of one that begins below `next`; `repeated` of its numbers were sent before. */
  sentLate(segment: Segment, next: number, repeated: number): void {
    const { sender, end } = segment
    this.voidFrom(segment, repeated)
    if (diff(end, next) > 0) this.append(sender, next | 0, end | 0)
    else if (repeated === 0) this.insert(segment)
  }

  /** Takes what is acknowledged off the queue of the side that sent it, and remembers the longest. */
  acknowledged(side: SideView, ack: number): void {
    for (let oldest = side.oldest; oldest !== 0; oldest = this.drop(side)) {
      const entry = oldest - 1
      if (((ack - this.start[entry]!) | 0) <= 0) break
      const length = (this.end[entry]! - this.start[entry]!) | 0
      if (length > side.largestAcked) side.largestAcked = Math.min(length, 0xffff)
      // NaN where it cannot be timed, negative where the capture's clock was set back.
      const nanos = this.now - this.time[entry]!
      if (ack === this.end[entry] && nanos >= 0) addSample(side, nanos)
    }
  }

  /** What is outstanding beyond a segment that is sent now cannot be timed any more. */
  private voidFrom(segment: Segment, repeated: number): void {
    const { sender, sequence, end, time } = segment
    for (let entry = sender.oldest - 1; entry >= 0; entry = this.after[entry]! - 1) {
      if (diff(this.end[entry]!, sequence) <= 0) continue
      const again = repeated > 0 && diff(end, this.start[entry]!) > 0
      if (again || this.time[entry]! < time) this.time[entry] = VOID
    }
  }

  private append(side: SideView, start: number, end: number): void {
    const entry = this.enter(side, start, end)
    if (entry < 0) return
    const newest = side.newest
    if (newest === 0) side.oldest = entry + 1
    else {
      this.after[newest - 1] = entry + 1
      // The one before has a later time where the capture's clock was set back: as if it had been sent again.
      if (this.time[newest - 1]! > this.now) this.time[entry] = VOID
    }
    side.newest = entry + 1
  }

  /** Puts a segment that fills a gap where it belongs. */
  private insert(segment: Segment): void {
    const { sender, sequence, end } = segment
    let before = 0
    let after = sender.oldest
    while (after !== 0 && diff(this.start[after - 1]!, end) < 0) {
      before = after
      after = this.after[after - 1]!
    }
    const entry = this.enter(sender, sequence | 0, end | 0)
    if (entry < 0) return
    this.after[entry] = after
    if (before === 0) sender.oldest = entry + 1
    else this.after[before - 1] = entry + 1
    if (after === 0) sender.newest = entry + 1
  }

  /** A filled entry that is in no queue yet, or -1. */
  private enter(side: SideView, start: number, end: number): number {
    if (side.outstanding === MAX_OUTSTANDING) return -1
    const entry = this.take()
    if (entry < 0) return -1
    this.start[entry] = start
    this.end[entry] = end
    this.time[entry] = this.now
    this.after[entry] = 0
    side.outstanding++
    return entry
  }

  /** Frees the queue of a side. */
  clear(side: SideView): void {
    while (side.oldest !== 0) this.drop(side)
  }

  /** Takes the oldest entry off the queue and returns the new oldest. */
  private drop(side: SideView): number {
    const entry = side.oldest - 1
    const next = this.after[entry]!
    this.after[entry] = this.free
    this.free = entry + 1
    side.outstanding--
    side.oldest = next
    if (next === 0) side.newest = 0
    return next
  }

  private take(): number {
    if (this.free !== 0) {
      const entry = this.free - 1
      this.free = this.after[entry]!
      return entry
    }
    if (this.used === this.end.length) {
      if (this.used === MAX_ENTRIES) return -1
      const size = this.used * 2
      const { start, end, time, after } = this
      this.start = new Int32Array(size)
      this.end = new Int32Array(size)
      this.time = new Float64Array(size)
      this.after = new Int32Array(size)
      this.start.set(start)
      this.end.set(end)
      this.time.set(time)
      this.after.set(after)
    }
    return this.used++
  }
}

/** Running mean and squared distances (Welford 1962). */
function addSample(side: SideView, nanos: number): void {
  const n = ++side.rttSamples
  if (n === 1 || nanos < side.rttMin) side.rttMin = nanos
  if (n === 1 || nanos > side.rttMax) side.rttMax = nanos
  const distance = nanos - side.rttMean
  const mean = side.rttMean + distance / n
  side.rttMean = mean
  side.rttSquares += distance * (nanos - mean)
}
