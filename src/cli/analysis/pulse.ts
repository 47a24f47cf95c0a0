/** Time between two looks once the wait is over, ms: about that after which the kernel hands packets over. */
const LOOK_MS = 8

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

  /**
   * Resolves once `holds`, or after the look that is the `looks`-th since `ms` went by: what was there in time is read
   * late on a busy machine, and then each look takes longer too. To what `holds` says then. One waits at a time.
   */
  until(holds: () => boolean, ms: number, looks = 1): Promise<boolean> {
    return new Promise((resolve) => {
      const deadline = performance.now() + ms
      let timer = setTimeout(this.#wake, ms)
      let left = looks
      this.#look = () => {
        const held = holds()
        const isLate = performance.now() >= deadline
        if (!held && isLate) left--
        if (!held && left > 0) {
          if (isLate) {
            clearTimeout(timer)
            timer = setTimeout(this.#wake, LOOK_MS)
          }
          return
        }
        clearTimeout(timer)
        this.#look = undefined
        resolve(held)
      }
      this.#look()
    })
  }
}
