/** Lets something wait for what the live loop brings: it is looked at after each wait of the loop, and at no other time. */
export class Pulse {
  readonly #wake: () => void
  #look: (() => void) | undefined

  /** `wake` ends the loop's wait. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** The loop has analysed what came. */
  beat(): void {
    this.#look?.()
  }

  /** Resolves once `holds`, or `ms` later; to what `holds` says then. One waits at a time. */
  until(holds: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const deadline = performance.now() + ms
      const timer = setTimeout(this.#wake, ms)
      this.#look = () => {
        const held = holds()
        if (!held && performance.now() < deadline) return
        clearTimeout(timer)
        this.#look = undefined
        resolve(held)
      }
      this.#look()
    })
  }
}
