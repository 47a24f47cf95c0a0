import { diff } from '../wire/seq.ts'
import { FIRST_GAP, FIRST_MISSED, MISSED_GAPS, type TroublePool } from './trouble.ts'

/** Open gaps remembered in one direction; a capture with more at once is beyond repair. */
const MAX_GAPS = 64

/**
 * Byte ranges that were skipped. Open ones are not acknowledged yet: a late segment can still fill them, an
 * acknowledgement beyond makes them missed. Missed ones are kept, as a segment that carries them repeats nothing.
 * Lists linked through a shared pool, the open ones in sequence order.
 */
export class Gaps {
  private from = new Uint32Array(64)
  private to = new Uint32Array(64)
  /** Next gap + 1, of the list or of the free list. */
  private after = new Int32Array(64)
  private used = 0
  private free = 0

  /** Adds `from` up to `to` at the end; both lie beyond every gap of the row. */
  open(trouble: TroublePool, row: number, from: number, to: number): void {
    let last = trouble.get(row, FIRST_GAP)
    let count = 1
    while (last !== 0 && this.after[last - 1] !== 0) {
      last = this.after[last - 1]!
      count++
    }
    if (count === MAX_GAPS) return
    const gap = this.take(from, to)
    if (last === 0) trouble.set(row, FIRST_GAP, gap + 1)
    else this.after[last - 1] = gap + 1
  }

  /** A late segment covers `from` up to `to`; returns how much of it was in gaps, bytes. */
  fill(trouble: TroublePool, row: number, from: number, to: number): number {
    return (
      this.fillList(trouble, row, FIRST_GAP, from, to) + this.fillList(trouble, row, FIRST_MISSED, from, to)
    )
  }

  /** `from` up to `to` was acknowledged and never seen. */
  miss(trouble: TroublePool, row: number, from: number, to: number): void {
    if (trouble.get(row, MISSED_GAPS) === MAX_GAPS) return
    trouble.count(row, MISSED_GAPS)
    const gap = this.take(from, to)
    this.after[gap] = trouble.get(row, FIRST_MISSED)
    trouble.set(row, FIRST_MISSED, gap + 1)
  }

  private fillList(trouble: TroublePool, row: number, list: number, from: number, to: number): number {
    let before = 0
    let filled = 0
    for (let gap = trouble.get(row, list); gap !== 0; ) {
      const at = gap - 1
      const next = this.after[at]!
      const left = diff(from, this.from[at]!)
      const right = diff(this.to[at]!, to)
      if (diff(to, this.from[at]!) > 0 && diff(this.to[at]!, from) > 0)
        filled += diff(this.to[at]!, this.from[at]!) - Math.max(left, 0) - Math.max(right, 0)
      if (diff(to, this.from[at]!) <= 0 || diff(this.to[at]!, from) <= 0) {
        // Apart from each other.
      } else if (left <= 0 && right <= 0) {
        this.drop(trouble, row, list, before, gap)
        gap = next
        continue
      } else if (left > 0 && right > 0) {
        const rest = this.take(to, this.to[at]!)
        this.after[rest] = next
        this.to[at] = from
        this.after[at] = rest + 1
        if (list === FIRST_MISSED) trouble.count(row, MISSED_GAPS)
      } else if (left > 0) this.to[at] = from
      else this.from[at] = to
      before = gap
      gap = next
    }
    return filled
  }

  /** Everything below `ack` has arrived at the receiver; returns how much of it was never seen, bytes. */
  acknowledged(trouble: TroublePool, row: number, ack: number): number {
    let missed = 0
    for (let gap = trouble.get(row, FIRST_GAP); gap !== 0; ) {
      const at = gap - 1
      if (diff(ack, this.from[at]!) <= 0) break
      if (diff(ack, this.to[at]!) < 0) {
        missed += diff(ack, this.from[at]!)
        this.miss(trouble, row, this.from[at]!, ack)
        this.from[at] = ack
        break
      }
      missed += diff(this.to[at]!, this.from[at]!)
      this.miss(trouble, row, this.from[at]!, this.to[at]!)
      const next = this.after[at]!
      this.drop(trouble, row, FIRST_GAP, 0, gap)
      gap = next
    }
    return missed
  }

  clear(trouble: TroublePool, row: number): void {
    for (const list of [FIRST_GAP, FIRST_MISSED])
      for (let gap = trouble.get(row, list); gap !== 0; gap = trouble.get(row, list))
        this.drop(trouble, row, list, 0, gap)
  }

  /** `before` is the gap in front, 0 when `gap` is the first. */
  private drop(trouble: TroublePool, row: number, list: number, before: number, gap: number): void {
    const next = this.after[gap - 1]!
    if (list === FIRST_MISSED) trouble.set(row, MISSED_GAPS, trouble.get(row, MISSED_GAPS) - 1)
    if (before === 0) trouble.set(row, list, next)
    else this.after[before - 1] = next
    this.after[gap - 1] = this.free
    this.free = gap
  }

  private take(from: number, to: number): number {
    let gap = this.free - 1
    if (gap >= 0) this.free = this.after[gap]!
    else {
      if (this.used === this.from.length) this.grow()
      gap = this.used++
    }
    this.from[gap] = from
    this.to[gap] = to
    this.after[gap] = 0
    return gap
  }

  private grow(): void {
    const size = this.used * 2
    const { from, to, after } = this
    this.from = new Uint32Array(size)
    this.to = new Uint32Array(size)
    this.after = new Int32Array(size)
    this.from.set(from)
    this.to.set(to)
    this.after.set(after)
  }
}
