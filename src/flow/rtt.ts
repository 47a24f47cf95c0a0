import { diff } from '../wire/seq.ts'
import { FIN, RST, SYN } from '../wire/tcp.ts'
import {
  ANOMALY_FAST_RETRANSMISSION,
  ANOMALY_KEEP_ALIVE,
  ANOMALY_OUT_OF_ORDER,
  ANOMALY_RETRANSMISSION,
  ANOMALY_SPURIOUS_RETRANSMISSION,
  ANOMALY_ZERO_WINDOW_PROBE,
} from './analysis.ts'
import type { SideColumns } from './columns.ts'
import type { Segment } from './segment.ts'
import type { FlowTable } from './table.ts'
import { AMBIGUOUS_FROM, AMBIGUOUS_TO, type TroublePool } from './trouble.ts'

/** Segments timed at once in one direction: more outstanding ones are not sampled. */
const MAX_OUTSTANDING = 1024
/** And in all flows together: 1 M entries are 20 MB. */
const MAX_ENTRIES = 1 << 20

const NOT_NEW =
  ANOMALY_RETRANSMISSION |
  ANOMALY_FAST_RETRANSMISSION |
  ANOMALY_SPURIOUS_RETRANSMISSION |
  ANOMALY_OUT_OF_ORDER |
  ANOMALY_KEEP_ALIVE |
  ANOMALY_ZERO_WINDOW_PROBE

/**
 * Round trip times as tcptrace samples them: from a segment to the acknowledgement of exactly its end, only when
 * neither it nor an earlier outstanding one was sent again in between (Karn). SYN and FIN give samples too.
 *
 * Outstanding segments wait in one first-in first-out list a direction, linked through a shared pool.
 */
export class RttSampler {
  private end = new Uint32Array(256)
  private time = new Float64Array(256)
  /** Next entry + 1, of the queue or of the free list. */
  private after = new Int32Array(256)
  private used = 0
  private free = 0

  /** Takes note of what the segment sends. */
  sent(table: FlowTable, trouble: TroublePool, segment: Segment): void {
    if (segment.flags & RST || (segment.length === 0 && (segment.flags & (SYN | FIN)) === 0)) return
    const { sides } = table
    const side = segment.sender
    if (segment.anomalies & NOT_NEW) {
      const row = sides.trouble[side]!
      const unset = trouble.get(row, AMBIGUOUS_TO) === trouble.get(row, AMBIGUOUS_FROM)
      if (unset || diff(segment.sequence, trouble.get(row, AMBIGUOUS_FROM)) < 0)
        trouble.set(row, AMBIGUOUS_FROM, segment.sequence)
      trouble.set(row, AMBIGUOUS_TO, sides.next[side]!)
      return
    }
    if (sides.outstanding[side] === MAX_OUTSTANDING) return
    const entry = this.take()
    if (entry < 0) return
    this.end[entry] = segment.end
    this.time[entry] = segment.time
    this.after[entry] = 0
    const newest = sides.newest[side]!
    if (newest === 0) sides.oldest[side] = entry + 1
    else this.after[newest - 1] = entry + 1
    sides.newest[side] = entry + 1
    sides.outstanding[side]!++
  }

  /** Takes what the segment acknowledges of the receiver's queue. */
  acknowledged(table: FlowTable, trouble: TroublePool, segment: Segment): void {
    const { sides } = table
    const side = segment.receiver
    let oldest = sides.oldest[side]!
    if (oldest === 0) return
    const ack = segment.acknowledgement
    const row = sides.trouble[side]!
    while (oldest !== 0) {
      const entry = oldest - 1
      const end = this.end[entry]!
      if (diff(end, ack) > 0) break
      if (end === ack && !isAmbiguous(trouble, row, end))
        addSample(sides, side, segment.time - this.time[entry]!)
      oldest = this.drop(sides, side)
    }
  }

  /** Frees the queue of a side. */
  clear(sides: SideColumns, side: number): void {
    while (sides.oldest[side] !== 0) this.drop(sides, side)
  }

  /** Takes the oldest entry off the queue and returns the new oldest. */
  private drop(sides: SideColumns, side: number): number {
    const entry = sides.oldest[side]! - 1
    const next = this.after[entry]!
    this.after[entry] = this.free
    this.free = entry + 1
    sides.outstanding[side]!--
    sides.oldest[side] = next
    if (next === 0) sides.newest[side] = 0
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
      const { end, time, after } = this
      this.end = new Uint32Array(size)
      this.time = new Float64Array(size)
      this.after = new Int32Array(size)
      this.end.set(end)
      this.time.set(time)
      this.after.set(after)
    }
    return this.used++
  }
}

function isAmbiguous(trouble: TroublePool, row: number, end: number): boolean {
  const from = trouble.get(row, AMBIGUOUS_FROM)
  const to = trouble.get(row, AMBIGUOUS_TO)
  return from !== to && diff(end, from) > 0 && diff(end, to) <= 0
}

/** Running mean and squared distances (Welford 1962); `nanos` can be negative where the capture's clock stepped. */
function addSample(sides: SideColumns, side: number, nanos: number): void {
  const n = ++sides.rttSamples[side]!
  if (n === 1 || nanos < sides.rttMin[side]!) sides.rttMin[side] = nanos
  if (n === 1 || nanos > sides.rttMax[side]!) sides.rttMax[side] = nanos
  const distance = nanos - sides.rttMean[side]!
  const mean = sides.rttMean[side]! + distance / n
  sides.rttMean[side] = mean
  sides.rttSquares[side]! += distance * (nanos - mean)
}
