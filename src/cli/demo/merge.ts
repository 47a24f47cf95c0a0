/** A packet that only one trace has told of is shown after this long; on a busy machine one is seconds behind. */
const PATIENCE_MS = 3000
/** What is no packet waits for the packet that it is about: a ring hands them over every 8 ms, a busy machine later. */
const ASIDE_MS = 250

interface Held {
  readonly time: string
  /** How far both have to have come. */
  readonly needs: string
  readonly line: string
  /** Not shown before: what belongs in front of it may still come. */
  readonly from: number
  due: number
}

/**
 * Puts the lines of several traces of one cable into the order of their times. Each trace tells of every packet,
 * in order: once all of them have come as far as a line, nothing earlier can follow.
 * Times are RFC 3339 with nanoseconds, so that texts compare as times do.
 */
export class EventMerge<Source extends string> {
  readonly #show: (line: string) => void
  readonly #now: () => number
  readonly #reached: Map<Source, string>
  #held: Held[] = []
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** `now` tells milliseconds that only grow. */
  constructor(sources: readonly Source[], show: (line: string) => void, now = () => performance.now()) {
    this.#show = show
    this.#now = now
    this.#reached = new Map(sources.map((source) => [source, '']))
  }

  /** `source` has come to `time`; without a `line` there is nothing to show of it. */
  add(source: Source, time: string, line?: string): void {
    this.#reached.set(source, time)
    if (line !== undefined) this.#hold(time, time, line, 0)
    this.#release()
  }

  /** Something beside the packets, which the other one need not tell: shown once what `source` told before it is. */
  addAside(source: Source, time: string, line: string): void {
    this.#hold(time, this.#reached.get(source)!, line, ASIDE_MS)
    this.#release()
  }

  /** Resolves once everything that came was shown. */
  async settled(): Promise<void> {
    if (this.#held.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Shows everything that is held. */
  flush(): void {
    for (const held of this.#held) held.due = Number.NEGATIVE_INFINITY
    this.#release()
  }

  /** Nothing is shown any more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#held = []
  }

  #hold(time: string, needs: string, line: string, wait: number): void {
    const now = this.#now()
    this.#held.push({ time, needs, line, from: now + wait, due: now + PATIENCE_MS })
    this.#held.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  }

  /** Shows what nothing earlier can follow any more, and starts the clock for the rest. */
  #release(): void {
    clearTimeout(this.#timer)
    const reached = [...this.#reached.values()].sort()[0]!
    for (;;) {
      const [first] = this.#held
      if (first === undefined) break
      const at = first.needs <= reached ? Math.min(first.from, first.due) : first.due
      const wait = at - this.#now()
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#release(), wait)
        return
      }
      this.#held.shift()
      this.#show(first.line)
    }
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
