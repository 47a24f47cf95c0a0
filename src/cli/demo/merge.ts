/** A packet that only one trace has told of is shown after this long; on a busy machine one is seconds behind. */
const PATIENCE_MS = 3000

interface Held {
  readonly time: string
  /** How far both have to have come. */
  readonly needs: string
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
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(sources: readonly Source[], show: (line: string) => void) {
    this.#show = show
    this.#reached = new Map(sources.map((source) => [source, '']))
  }

  /** `source` has come to `time`; without a `line` there is nothing to show of it. */
  add(source: Source, time: string, line?: string): void {
    this.#reached.set(source, time)
    if (line !== undefined) this.#hold(time, time, line)
    this.#release([...this.#reached.values()].sort()[0]!)
  }

  /** Something beside the packets, which the other one need not tell: shown once what `source` told before it is. */
  addAside(source: Source, time: string, line: string): void {
    this.#hold(time, this.#reached.get(source)!, line)
    this.#release([...this.#reached.values()].sort()[0]!)
  }

  /** Resolves once everything that came was shown. */
  async settled(): Promise<void> {
    if (this.#held.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
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

  #hold(time: string, needs: string, line: string): void {
    this.#held.push({ time, needs, line, due: performance.now() + PATIENCE_MS })
  }

  /** Shows what is not later than `reached`, and starts the clock for the rest. */
  #release(reached: string): void {
    clearTimeout(this.#timer)
    const held = this.#held.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    this.#held = held.filter(({ needs }) => needs > reached)
    for (const { needs, line } of held) if (needs <= reached) this.#show(line)
    const [first] = this.#held
    if (first !== undefined)
      this.#timer = setTimeout(() => this.#release(first.needs), Math.max(0, first.due - performance.now()))
    else for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
