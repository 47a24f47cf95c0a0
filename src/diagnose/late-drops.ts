import type { Nanos } from '../flow/time.ts'
import type { DropFact } from '../kernel/fact.ts'

const CAPACITY = 4096

/** Drops that wait until the packets of their time were analysed: only then their flow can be known. */
export class LateDrops {
  readonly #waiting: { readonly fact: DropFact; readonly at: Nanos }[] = []

  add(fact: DropFact, at: Nanos): void {
    if (this.#waiting.length < CAPACITY) this.#waiting.push({ fact, at })
  }

  /** Gives those up to `until`. */
  take(until: number, give: (fact: DropFact, at: Nanos) => void): void {
    const next = this.#waiting.findIndex(({ at }) => at > until)
    const due = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next)
    for (const { fact, at } of due) give(fact, at)
  }
}
