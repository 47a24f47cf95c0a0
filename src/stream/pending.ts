import { Intervals } from './interval.ts'
import { newWins, type OverlapPolicy } from './overlap.ts'
import { type PagePool, Pages } from './page.ts'

/** Called for each stretch where a new segment lies over a stored one. */
export type OverlapReport = (offset: number, length: number, same: boolean, time: number) => void

/** What one direction has beyond its first hole: `interval.ts` knows which bytes, `page.ts` holds them. */
export class Pending {
  readonly pieces: Intervals = new Intervals()
  readonly pages: Pages
  private readonly policy: OverlapPolicy
  private readonly report: OverlapReport

  constructor(pool: PagePool, policy: OverlapPolicy, report: OverlapReport) {
    this.pages = new Pages(pool)
    this.policy = policy
    this.report = report
  }

  /**
   * Keeps a copy of the bytes of `start` up to `end`, which are in `bytes` from `from` on. Over stored bytes the
   * policy decides for each stored piece; bytes always replace what the capture had cut off.
   */
  store(start: number, end: number, bytes: Uint8Array, from: number, time: number): void {
    const { pieces } = this
    /** Everything of the new segment before this offset is settled. */
    let settled = start
    let i = pieces.search(start)
    while (i < pieces.count && pieces.start[i]! < end) {
      const oldStart = pieces.start[i]!
      const oldEnd = pieces.end[i]!
      if (pieces.cut[i] === 0) this.compare(start, end, oldStart, oldEnd, bytes, from, time)
      if (pieces.cut[i] === 1 || newWins(this.policy, start, end, oldStart, oldEnd)) {
        i = this.carve(i, start, end)
        continue
      }
      if (settled < oldStart) this.keep(i++, settled, oldStart, bytes, from + settled - start, time)
      settled = oldEnd
      i++
    }
    if (settled < end) this.keep(i, settled, end, bytes, from + settled - start, time)
  }

  /** Notes that the bytes of `start` up to `end` were sent but cut off by the capture; fills only holes. */
  storeCut(start: number, end: number, time: number): void {
    const { pieces } = this
    let settled = start
    let i = pieces.search(start)
    for (; i < pieces.count && pieces.start[i]! < end; i++) {
      const oldStart = pieces.start[i]!
      if (settled < oldStart) pieces.insert(i++, settled, oldStart, time, 1)
      settled = pieces.end[i]!
    }
    if (settled < end) pieces.insert(i, settled, end, time, 1)
  }

  private keep(i: number, start: number, end: number, bytes: Uint8Array, from: number, time: number): void {
    this.pages.write(start, bytes, from, end - start)
    this.pieces.insert(i, start, end, time, 0)
  }

  /** Takes `start` up to `end` out of piece `i`. Returns the index behind what is left of it before `start`. */
  private carve(i: number, start: number, end: number): number {
    const { pieces } = this
    const oldEnd = pieces.end[i]!
    if (pieces.start[i]! < start) {
      if (oldEnd > end) pieces.insert(i + 1, end, oldEnd, pieces.time[i]!, pieces.cut[i]!)
      pieces.end[i] = start
      return i + 1
    }
    if (oldEnd > end) pieces.start[i] = end
    else pieces.remove(i)
    return i
  }

  private compare(
    start: number,
    end: number,
    oldStart: number,
    oldEnd: number,
    bytes: Uint8Array,
    from: number,
    time: number,
  ): void {
    const low = Math.max(start, oldStart)
    const length = Math.min(end, oldEnd) - low
    this.report(low, length, this.pages.equals(low, bytes, from + low - start, length), time)
  }
}
