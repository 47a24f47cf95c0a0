import type { Case } from './case.ts'

/** Cases that are to be judged, each at its `due` time. */
export class Agenda {
  readonly #cases = new Set<Case>()
  #next = Number.POSITIVE_INFINITY

  has(found: Case): boolean {
    return this.#cases.has(found)
  }

  /** Puts the case down for `due`, unless it is for sooner. */
  add(found: Case, due: number): void {
    if (due >= found.due) return
    found.due = due
    this.#cases.add(found)
    if (due < this.#next) this.#next = due
  }

  remove(found: Case): void {
    this.#cases.delete(found)
  }

  /** Gives those that are due, `atOnce` at most: the others with the next call. */
  take(now: number, atOnce: number, give: (found: Case) => void): void {
    if (now < this.#next) return
    this.#next = Number.POSITIVE_INFINITY
    let left = atOnce
    for (const found of this.#cases) {
      if (found.due > now || left-- <= 0) {
        this.#next = Math.min(this.#next, found.due)
        continue
      }
      this.#cases.delete(found)
      found.due = Number.POSITIVE_INFINITY
      give(found)
    }
  }
}
