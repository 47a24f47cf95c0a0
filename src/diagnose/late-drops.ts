import type { Nanos } from '../flow/time.ts'
import type { DropFact } from '../kernel/fact.ts'

const CAPACITY = 4096

/** Drops that wait until the packets of their time were analysed: only then their flow can be known. */
export class LateDrops {
  /** In order of time. */
  readonly #waiting: { readonly fact: DropFact; readonly at: Nanos }[] = []

  add(fact: DropFact, at: Nanos): void {
    if (this.#waiting.length >= CAPACITY) return
    const before = this.#waiting.findLastIndex((other) => other.at <= at)
    this.#waiting.splice(before + 1, 0, { fact, at })
  }

  /** Gives those up to `until`; `give` says whether it knew their flow, and those that it did not wait on. */
  take(until: Nanos, give: (fact: DropFact, at: Nanos) => boolean): void {
    const waiting = this.#waiting
    if (waiting.length === 0 || waiting[0]!.at > until) return
    const next = waiting.findIndex(({ at }) => at > until)
    const due = waiting.splice(0, next < 0 ? waiting.length : next)
    waiting.unshift(...due.filter(({ fact, at }) => !give(fact, at)))
  }

  /** Forgets those up to `until`. */
  forget(until: Nanos): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.at <= until) this.#waiting.shift()
  }
}
