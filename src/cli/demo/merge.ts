/** What only one trace has told is shown after this long. */
const PATIENCE_MS = 500

interface Held {
  readonly time: string
  readonly line: string
  readonly due: number
}

/**
 * Puts the lines of several traces of one cable into the order of their times. Each trace tells of every packet,
 * in order: once all of them have come as far as a line, nothing earlier can follow.
 * Times are RFC 3339 with nanoseconds, so that texts compare as times do.
 */
export class EventMerge<Source extends string> {
  readonly #show: (line: string) => void
  readonly #reached: Map<Source, string>
  #held: Held[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(sources: readonly Source[], show: (line: string) => void) {
    this.#show = show
    this.#reached = new Map(sources.map((source) => [source, '']))
  }

  /** `source` has come to `time`; without a `line` there is nothing to show of it. */
  add(source: Source, time: string, line?: string): void {
    this.#reached.set(source, time)
    if (line !== undefined) this.#held.push({ time, line, due: performance.now() + PATIENCE_MS })
    this.#release([...this.#reached.values()].sort()[0]!)
  }

  /** Shows everything that is held. */
  flush(): void {
    this.#release('~')
  }

  /** Nothing is shown any more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#held = []
  }

  /** Shows what is not later than `reached`, and starts the clock for the rest. */
  #release(reached: string): void {
    clearTimeout(this.#timer)
    const held = this.#held.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    this.#held = held.filter(({ time }) => time > reached)
    for (const { time, line } of held) if (time <= reached) this.#show(line)
    const [first] = this.#held
    if (first !== undefined)
      this.#timer = setTimeout(() => this.#release(first.time), Math.max(0, first.due - performance.now()))
  }
}
