/** Longer than two traces of one cable are apart in telling of the same moment. */
const HOLD_MS = 60

/**
 * Puts the lines of several traces into the order of their times. A line is held for a moment,
 * in case an earlier one is still under way.
 */
export class EventMerge {
  readonly #show: (line: string) => void
  #held: { readonly time: string; readonly line: string; readonly due: number }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(show: (line: string) => void) {
    this.#show = show
  }

  /** `time` is RFC 3339 with nanoseconds, so that texts compare as times do; without one, the line comes last. */
  add(line: string, time = '~'): void {
    this.#held.push({ time, line, due: performance.now() + HOLD_MS })
    this.#timer ??= setTimeout(() => this.#release(), HOLD_MS)
  }

  /** Shows everything that is held. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = this.#held.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    this.#held = []
    for (const { line } of held) this.#show(line)
  }

  /** Nothing is shown any more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#held = []
  }

  #release(): void {
    this.#timer = undefined
    const now = performance.now()
    // Once the oldest is due, everything of an earlier time has come; what is younger waits its turn.
    const times = this.#held.filter(({ due }) => due <= now).map(({ time }) => time)
    const last = times.sort().at(-1) ?? ''
    const later = this.#held.filter(({ time }) => time > last)
    this.#held = this.#held.filter(({ time }) => time <= last)
    this.flush()
    this.#held = later
    if (later.length > 0) this.#timer = setTimeout(() => this.#release(), HOLD_MS)
  }
}
