/** Numbers that were added lately: the latest `size` at least, twice as many at most, of those since the last turn but one. */
export class RecentSet {
  readonly #size: number
  #young = new Set<number>()
  #old = new Set<number>()

  constructor(size: number) {
    this.#size = size
  }

  has(value: number): boolean {
    return this.#young.has(value) || this.#old.has(value)
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
