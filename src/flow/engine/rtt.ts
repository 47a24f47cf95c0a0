import { allocate } from './memory.ts'
import type { Flow, Side } from './row.ts'
import { diff, segment } from './segment.ts'

/** Segments timed at once in one direction: more outstanding ones are not sampled. */
const MAX_OUTSTANDING = 16_384
/** And in all flows together: 1 M entries are 20 MB. */
const MAX_ENTRIES = 1 << 20
const BLOCK = 256

/*
 * Round trip times as tcptrace samples them: from a segment to the acknowledgement of exactly its end, only when
 * neither it nor an earlier outstanding one was sent again in between (Karn).
 *
 * Outstanding segments wait in one first-in first-out list a direction.
 */
@unmanaged
class Entry {
  /** Of the segment, nanoseconds; NaN: sent again, or something before it was: its acknowledgement times nothing. */
  time!: f64
  start!: u32
  end!: u32
  /** 0 for none; of the queue or of the free list. */
  after!: Entry | null
}

let free: Entry | null = null
let fresh: usize = 0
let freshEnd: usize = 0
let taken = 0

function oldestOf(side: Side): Entry | null {
  return changetype<Entry | null>(side.oldest)
}

function newestOf(side: Side): Entry | null {
  return changetype<Entry | null>(side.newest)
}

/** Takes note of the segment, which begins with the highest number yet, or beyond. */
export function sent(side: Side, start: u32, end: u32, time: f64): void {
  const entry = enter(side, start, end, time)
  if (entry == null) return
  const newest = newestOf(side)
  if (newest == null) side.oldest = changetype<usize>(entry)
  else {
    newest.after = entry
    // The one before has a later time where the capture's clock was set back: as if it had been sent again.
    if (newest.time > time) entry.time = NaN
  }
  side.newest = changetype<usize>(entry)
}

/** Takes note of a segment that begins below `next`; `repeated` of its numbers were sent before. */
export function sentLate(next: u32, repeated: i64): void {
  const sender = segment.sender
  const end = segment.end
  voidFrom(repeated)
  if (diff(end, next) > 0) sent(sender, next, end, segment.time)
  else if (repeated == 0) insert()
}

/** Takes what is acknowledged off the queue of the side that sent it, and remembers the longest. */
export function acknowledged(flow: Flow, direction: i32, ack: u32, time: f64): void {
  const side = flow.side(direction)
  let next = oldestOf(side)
  while (next != null) {
    const entry = next
    if (diff(ack, entry.start) <= 0) break
    const length = diff(entry.end, entry.start)
    if (length > flow.largestAcked(direction)) flow.setLargestAcked(direction, min(length, 0xffff))
    // NaN where it cannot be timed, negative where the capture's clock was set back.
    const nanos = time - entry.time
    if (ack == entry.end && nanos >= 0) addSample(side, nanos)
    next = drop(side, entry)
  }
}

/** Frees the queue of a side. */
export function clearQueue(side: Side): void {
  let entry = oldestOf(side)
  while (entry != null) entry = drop(side, entry)
}

/** What is outstanding beyond a segment that is sent now cannot be timed any more. */
function voidFrom(repeated: i64): void {
  const sequence = segment.sequence
  const end = segment.end
  let next = oldestOf(segment.sender)
  while (next != null) {
    const entry = next
    next = entry.after
    if (diff(entry.end, sequence) <= 0) continue
    const again = repeated > 0 && diff(end, entry.start) > 0
    if (again || entry.time < segment.time) entry.time = NaN
  }
}

/** Puts a segment that fills a gap where it belongs. */
function insert(): void {
  const sender = segment.sender
  const end = segment.end
  let before: Entry | null = null
  let after = oldestOf(sender)
  while (after != null && diff(after.start, end) < 0) {
    before = after
    after = after.after
  }
  const entry = enter(sender, segment.sequence, end, segment.time)
  if (entry == null) return
  entry.after = after
  if (before == null) sender.oldest = changetype<usize>(entry)
  else before.after = entry
  if (after == null) sender.newest = changetype<usize>(entry)
}

/** A filled entry that is in no queue yet. */
function enter(side: Side, start: u32, end: u32, time: f64): Entry | null {
  if (side.outstanding == MAX_OUTSTANDING) return null
  let entry = free
  if (entry != null) free = entry.after
  else {
    if (taken == MAX_ENTRIES) return null
    if (fresh == freshEnd) {
      fresh = allocate(offsetof<Entry>() * BLOCK, 8)
      freshEnd = fresh + offsetof<Entry>() * BLOCK
    }
    entry = changetype<Entry>(fresh)
    fresh += offsetof<Entry>()
    taken++
  }
  entry.start = start
  entry.end = end
  entry.time = time
  entry.after = null
  side.outstanding += 1
  return entry
}

/** Takes the oldest entry off the queue and returns the new oldest. */
function drop(side: Side, entry: Entry): Entry | null {
  const next = entry.after
  entry.after = free
  free = entry
  side.outstanding -= 1
  side.oldest = changetype<usize>(next)
  if (next == null) side.newest = 0
  return next
}

/** Running mean and squared distances (Welford 1962). */
function addSample(side: Side, nanos: f64): void {
  const n = side.rttSamples + 1
  side.rttSamples = n
  if (n == 1 || nanos < f64(side.rttMin)) side.rttMin = f32(nanos)
  if (n == 1 || nanos > f64(side.rttMax)) side.rttMax = f32(nanos)
  const distance = nanos - side.rttMean
  const mean = side.rttMean + distance / f64(n)
  side.rttMean = mean
  side.rttSquares += distance * (nanos - mean)
}
