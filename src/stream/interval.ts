const INITIAL_PIECES = 16

/**
 * Which bytes of one direction are there beyond the first hole: pieces in order of offset, none over another.
 * Arithmetic on offsets only; where the bytes are is `page.ts`.
 *
 * Offsets count from the first byte of the stream and are exact to 2^53. Ends are exclusive. Neighbours are not
 * merged: a piece stays what one segment brought, since overlap policies compare segments. Columns sorted by
 * offset and searched by halves; an insertion moves what is behind it, so the holder limits the count.
 */
export class Intervals {
  count = 0
  start: Float64Array = new Float64Array(INITIAL_PIECES)
  end: Float64Array = new Float64Array(INITIAL_PIECES)
  /** When the segment came that brought it. */
  time: Float64Array = new Float64Array(INITIAL_PIECES)
  /** 1 where the segment was seen but the capture cut these bytes off. */
  cut: Uint8Array = new Uint8Array(INITIAL_PIECES)

  /** Index of the first piece that ends behind `offset`; `count` when there is none. */
  search(offset: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.end[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Puts a piece at `index`, the place that keeps the order. */
  insert(index: number, start: number, end: number, time: number, cut: number): void {
    if (this.count === this.start.length) this.grow()
    const { count } = this
    this.start.copyWithin(index + 1, index, count)
    this.end.copyWithin(index + 1, index, count)
    this.time.copyWithin(index + 1, index, count)
    this.cut.copyWithin(index + 1, index, count)
    this.start[index] = start
    this.end[index] = end
    this.time[index] = time
    this.cut[index] = cut
    this.count = count + 1
  }

  /** Takes `length` pieces out, from `index` on. */
  remove(index: number, length = 1): void {
    const { count } = this
    this.start.copyWithin(index, index + length, count)
    this.end.copyWithin(index, index + length, count)
    this.time.copyWithin(index, index + length, count)
    this.cut.copyWithin(index, index + length, count)
    this.count = count - length
  }

  private grow(): void {
    const { start, end, time, cut } = this
    const room = start.length * 2
    this.start = new Float64Array(room)
    this.end = new Float64Array(room)
    this.time = new Float64Array(room)
    this.cut = new Uint8Array(room)
    this.start.set(start)
    this.end.set(end)
    this.time.set(time)
    this.cut.set(cut)
  }
}
