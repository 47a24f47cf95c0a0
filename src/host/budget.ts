import { cpuTime } from './clock.ts'

/**
 * Keeps costly work within a share of the main thread's time: the packet path must not wait for it. A piece of work
 * that was dear is paid off before the next one is let through. It costs the processor's time that it takes: what it
 * waits while a busy machine does something else is not its own.
 */
export class Budget {
  readonly #share: number
  readonly #burst: number
  #left: number
  #at = performance.now()

  /** `share` of the time (0–1); `burst` in milliseconds may be spent at once. */
  constructor(share: number, burst: number) {
    this.#share = share
    this.#burst = burst
    this.#left = burst
  }

  /** Does the work, or gives `undefined` at once when there is no time left for it. */
  run<T>(work: () => T): T | undefined {
    const from = performance.now()
    this.#left = Math.min(this.#burst, this.#left + (from - this.#at) * this.#share)
    this.#at = from
    if (this.#left <= 0) return undefined
    const before = cpuTime()
    try {
      return work()
    } finally {
      this.#left -= cpuTime() - before
      this.#at = performance.now()
    }
  }
}
