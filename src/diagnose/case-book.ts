import type { Nanos } from '../flow/time.ts'
import { type Case, NO_ROW } from './case.ts'

/** The cases held: those of flows by their row, those that no packet was seen of by their ends. */
export class CaseBook {
  /** Cases that found no room. */
  dropped = 0
  readonly #capacity: number
  readonly #byRow = new Map<number, Case>()
  /** By `keyOf` the ends. */
  readonly #byKey = new Map<string, Case>()
  /** Cases without a flow that are over, in order of time. */
  readonly #over: { readonly key: string; readonly found: Case; readonly at: Nanos }[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#byRow.size + this.#byKey.size
  }

  /** Cases of which no packet was seen. */
  get withoutFlow(): ReadonlyMap<string, Case> {
    return this.#byKey
  }

  ofRow(row: number): Case | undefined {
    return this.#byRow.get(row)
  }

  ofKey(key: string): Case | undefined {
    return this.#byKey.get(key)
  }

  /** False when there is no room. */
  takes(): boolean {
    if (this.size < this.#capacity) return true
    this.dropped++
    return false
  }

  /** The case is of the flow in this row. */
  attach(found: Case, row: number, serial: number): void {
    found.row = row
    found.serial = serial
    this.#byRow.set(row, found)
  }

  /** No packet of it was seen yet. */
  addWithoutFlow(key: string, found: Case): void {
    this.#byKey.set(key, found)
  }

  /** Its first packet was seen. */
  removeWithoutFlow(key: string): void {
    this.#byKey.delete(key)
  }

  /** Removes the case of a flow. */
  remove({ row }: Case): void {
    if (row !== NO_ROW) this.#byRow.delete(row)
  }

  /** A case without a flow is over: it stays a while, since facts about it may still come. */
  isOver(key: string, found: Case, at: Nanos): void {
    this.#over.push({ key, found, at })
  }

  /** Takes those off that were over by `until` and have no flow. */
  takeOver(until: Nanos, visit: (key: string, found: Case) => void): void {
    while (this.#over.length > 0 && this.#over[0]!.at < until) {
      const { key, found } = this.#over.shift()!
      if (this.#byKey.get(key) === found) visit(key, found)
    }
  }
}
