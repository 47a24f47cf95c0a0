import type { Nanos } from '../flow/time.ts'

const CAPACITY = 4096

interface Waiting<Item> {
  readonly item: Item
  readonly at: Nanos
}

/** Says whether it knew the flow of what it is given. */
type Give<Item> = (item: Item, at: Nanos) => boolean

/** What the kernel told, waiting until the packets of its time were analysed: only then its flow can be known. */
export class Late<Item> {
  /** In order of time. */
  readonly #waiting: Waiting<Item>[] = []
  /** Those of whose flow no packet had come by their time. */
  #unknown: Waiting<Item>[] = []
  readonly #held = new Set<Item>()

  /** What waits already is not added again. When there is no room left, the oldest whose flow is unknown makes some. */
  add(item: Item, at: Nanos): void {
    if (this.#held.has(item)) return
    if (this.#held.size >= CAPACITY) {
      const oldest = this.#unknown.shift()
      if (oldest === undefined) return
      this.#held.delete(oldest.item)
    }
    this.#held.add(item)
    const before = this.#waiting.findLastIndex((other) => other.at <= at)
    this.#waiting.splice(before + 1, 0, { item, at })
  }

  /** Gives those up to `until`, each once. */
  take(until: Nanos, give: Give<Item>): void {
    const waiting = this.#waiting
    if (waiting.length === 0 || waiting[0]!.at > until) return
    const next = waiting.findIndex(({ at }) => at > until)
    this.#give(waiting.splice(0, next < 0 ? waiting.length : next), give)
  }

  /** Gives those once more whose flow was not known. They are many where a filter leaves packets out: not for each packet. */
  takeAgain(give: Give<Item>): void {
    const unknown = this.#unknown
    this.#unknown = []
    this.#give(unknown, give)
  }

  /** Forgets those up to `until`. */
  forget(until: Nanos): void {
    for (const items of [this.#waiting, this.#unknown])
      while (items.length > 0 && items[0]!.at <= until) this.#held.delete(items.shift()!.item)
  }

  #give(due: readonly Waiting<Item>[], give: Give<Item>): void {
    for (const waiting of due)
      if (give(waiting.item, waiting.at)) this.#held.delete(waiting.item)
      else this.#unknown.push(waiting)
  }
}
