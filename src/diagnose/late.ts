import type { Nanos } from '../flow/time.ts'

const CAPACITY = 4096

/** What the kernel told, waiting until the packets of its time were analysed: only then its flow can be known. */
export class Late<Item> {
  /** In order of time. */
  readonly #waiting: { readonly item: Item; readonly at: Nanos }[] = []

  add(item: Item, at: Nanos): void {
    if (this.#waiting.length >= CAPACITY) return
    const before = this.#waiting.findLastIndex((other) => other.at <= at)
    this.#waiting.splice(before + 1, 0, { item, at })
  }

  /** Gives those up to `until`; `give` says whether it knew their flow, and those that it did not wait on. */
  take(until: Nanos, give: (item: Item, at: Nanos) => boolean): void {
    const waiting = this.#waiting
    if (waiting.length === 0 || waiting[0]!.at > until) return
    const next = waiting.findIndex(({ at }) => at > until)
    const due = waiting.splice(0, next < 0 ? waiting.length : next)
    waiting.unshift(...due.filter(({ item, at }) => !give(item, at)))
  }

  /** Forgets those up to `until`. */
  forget(until: Nanos): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.at <= until) this.#waiting.shift()
  }
}
