import type { Nanos } from '../flow/time.ts'

/** How long it is remembered, ns: the kernel's word on a connection may come after its flow is gone. */
const REMEMBERED = 10e9
const CAPACITY = 1 << 14

/** Connections whose final verdict was given and whose case is closed, so that none is told twice. */
export class Told {
  /** In order of their ends. */
  readonly #ends = new Map<string, Nanos>()

  add(key: string, at: Nanos): void {
    this.#ends.delete(key)
    if (this.#ends.size >= CAPACITY) this.#ends.delete(this.#ends.keys().next().value!)
    this.#ends.set(key, at)
  }

  /** Whether the connection that began at `began` is one of them, and not another one of the same ends. */
  has(key: string, began: Nanos): boolean {
    const end = this.#ends.get(key)
    return end !== undefined && began <= end
  }

  expire(now: Nanos): void {
    for (const [key, at] of this.#ends) {
      if (at + REMEMBERED > now) return
      this.#ends.delete(key)
    }
  }
}
