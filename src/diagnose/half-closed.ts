/** Half-closed flows that are waited for at once; a power of two. Beyond, the oldest are forgotten. */
const CAPACITY = 1 << 14

/**
 * Flows whose first FIN was acknowledged, in order of time: after one constant wait each is looked at again.
 * Numbers in rings, since every healthy close passes here too.
 */
export class HalfClosed {
  readonly #rows = new Int32Array(CAPACITY)
  readonly #serials = new Float64Array(CAPACITY)
  readonly #times = new Float64Array(CAPACITY)
  #head = 0
  #tail = 0

  add(row: number, serial: number, time: number): void {
    if (this.#tail - this.#head === CAPACITY) this.#head++
    const at = this.#tail++ % CAPACITY
    this.#rows[at] = row
    this.#serials[at] = serial
    this.#times[at] = time
  }

  /** Takes off those that were added up to `time`. */
  take(time: number, visit: (row: number, serial: number) => void): void {
    for (; this.#head < this.#tail; this.#head++) {
      const at = this.#head % CAPACITY
      if (this.#times[at]! > time) return
      visit(this.#rows[at]!, this.#serials[at]!)
    }
  }
}
