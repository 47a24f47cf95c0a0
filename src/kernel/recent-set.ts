import { BUCKETS, bucketOf } from './bucket.ts'

/** Numbers that were added lately: the latest `size` at least, twice as many at most, of those since the last turn but one. */
export class RecentSet {
  readonly #size: number
  /** In which buckets some are: asked for every change of state, where a large number's hash takes longer than all the rest. */
  readonly #marks = new Uint8Array(BUCKETS)
  #young = new Set<number>()
  #old = new Set<number>()

  constructor(size: number) {
    this.#size = size
  }

  has(value: number): boolean {
    return this.#marks[bucketOf(value)] === 1 && (this.#young.has(value) || this.#old.has(value))
  }

  add(value: number): void {
    if (this.#young.size >= this.#size) this.turn()
    this.#young.add(value)
    this.#marks[bucketOf(value)] = 1
  }

  /** Forgets what was added before the last turn. */
  turn(): void {
    this.#old = this.#young
    this.#young = new Set()
    this.#marks.fill(0)
    for (const value of this.#old) this.#marks[bucketOf(value)] = 1
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
    this.#marks.fill(0)
  }
}
