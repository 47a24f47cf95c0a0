/** Numbers that were added lately: the latest `size` at least, twice as many at most, of those since the last turn but one. */
export class RecentSet {
  readonly #size: number
  #young = new Set<number>()
  #old = new Set<number>()

  constructor(size: number) {
    this.#size = size
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  has(value: number): boolean {
    // Asked for every change of state, and nearly always empty: a large number's hash takes longer than all the rest.
    return (this.#young.size > 0 && this.#young.has(value)) || (this.#old.size > 0 && this.#old.has(value))
  }

  add(value: number): void {
    if (this.#young.size >= this.#size) this.turn()
    this.#young.add(value)
  }

  /** Forgets what was added before the last turn. */
  turn(): void {
    this.#old = this.#young
    this.#young = new Set()
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}
