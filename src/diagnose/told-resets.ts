import type { KernelFact } from '../kernel/fact.ts'

const CAPACITY = 4096

/** Numbers of resets, by names that stand beside those of the kernel's counters. */
export interface ResetCounts {
  /** All that the kernel told. */
  readonly ResetsTold: number
  /** Those by which programs threw connections away (`TCP_STATE`; kernels before 6.10 give no reason). */
  readonly AbortsTold: number
}

const NONE: ResetCounts = { ResetsTold: 0, AbortsTold: 0 }

/**
 * The resets that the kernel told of each namespace. They are read together with the namespace's own counters: those
 * say how many resets it really sent (`OutRsts`), and how many were SO_LINGER's.
 */
export class ToldResets {
  readonly #byNetns = new Map<number, ResetCounts>()

  take(fact: KernelFact): void {
    if (fact.fact !== 'reset_sent' || fact.netns === null) return
    const { ResetsTold, AbortsTold } = this.of(fact.netns)
    const isAbort = fact.active && (fact.reason === null || fact.reason === 'TCP_STATE')
    if (this.#byNetns.size >= CAPACITY) this.#byNetns.clear()
    this.#byNetns.set(fact.netns, {
      ResetsTold: ResetsTold + 1,
      AbortsTold: AbortsTold + (isAbort ? 1 : 0),
    })
  }

  /** Since the beginning. */
  of(netns: number): ResetCounts {
    return this.#byNetns.get(netns) ?? NONE
  }
}
