import type { Side } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { KernelFact } from '../kernel/fact.ts'

/** As long as counters are looked back upon, and as many as a storm of resets may be. */
const REMEMBERED = 10e9
const CAPACITY = 4096

/**
 * The resets by which programs threw connections away, as their kernels told them: set against a counter of the whole
 * namespace, which says how many of them were SO_LINGER's.
 */
export class AbortLog {
  /** In order of time. */
  readonly #resets: { readonly netns: number; readonly at: Nanos }[] = []
  /** What was before is not known any more. */
  #knownFrom = Number.NEGATIVE_INFINITY

  take(fact: KernelFact, at: Nanos): void {
    if (fact.fact !== 'reset_sent' || !fact.active || fact.netns === null) return
    // Kernels before 6.10 give no reason.
    if (fact.reason !== null && fact.reason !== 'TCP_STATE') return
    this.#resets.push({ netns: fact.netns, at })
    while (this.#resets.length > CAPACITY || this.#resets[0]!.at + REMEMBERED < at)
      this.#knownFrom = this.#resets.shift()!.at
  }

  /** How many there were in the namespace of each end since `start`; absent where that is not known. */
  since(start: Nanos, netns: Readonly<Partial<Record<Side, number>>>): Partial<Record<Side, number>> {
    const told: Partial<Record<Side, number>> = {}
    if (start <= this.#knownFrom) return told
    for (const side of ['client', 'server'] as const)
      if (netns[side] !== undefined)
        told[side] = this.#resets.filter((one) => one.netns === netns[side] && one.at >= start).length
    return told
  }
}
