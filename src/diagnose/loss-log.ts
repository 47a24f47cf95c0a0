import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'

/** How often the capture is asked, and how many changes are kept. */
const PACE = 250 * NANOS_PER_MS
const KEPT = 256
/** Packets that wait to be read are this much behind what the capture counts, or less. */
const BEHIND = NANOS_PER_SECOND

/** How many packets the capture has lost, and when: what is missing on the wire may have been among them. */
export class LossLog {
  readonly #read: () => number | undefined
  /** Each total with the first reading that gave it, in order of time. */
  readonly #changes: { readonly at: Nanos; readonly total: number }[] = []
  #next = Number.NEGATIVE_INFINITY

  /** `read` gives the total since the capture began; `undefined` where it is not counted. */
  constructor(read: () => number | undefined) {
    this.#read = read
  }

  look(now: Nanos): void {
    if (now < this.#next) return
    this.#next = now + PACE
    const total = this.#read()
    if (total === undefined || total === (this.#changes.at(-1)?.total ?? 0)) return
    this.#changes.push({ at: now, total })
    if (this.#changes.length > KEPT) this.#changes.shift()
  }

  /** Packets lost since about `start`: rather too many than too few. */
  since(start: Nanos): number {
    const total = this.#read() ?? 0
    return total - (this.#changes.findLast(({ at }) => at <= start - BEHIND)?.total ?? 0)
  }
}
