import type { Side } from '../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'

export type Counters = Readonly<Record<string, number>>

/** Counters of a namespace, and a moment by which they had been read. */
export interface Reading {
  readonly at: Nanos
  readonly counters: Counters
}

/** Readings of some namespaces, by inode. */
export type CounterSnapshot = ReadonlyMap<number, Reading>

/**
 * How often they are read, 0.2 ms for a namespace, and how many readings are kept: 4 s. An attempt is in trouble a
 * second after its first SYN or later, and what moved before that SYN is not its own.
 */
const PACE = NANOS_PER_SECOND / 4
const KEPT = 16
const MAX_NAMESPACES = 16

interface CounterLogOptions {
  /** The namespace that is captured, always read; `null` where there is none. */
  readonly own: number | null
  /** The time by the capture's clock. */
  readonly clock: () => Nanos
  /** How late packets are stamped, ns. */
  readonly lag?: number
}

/** Readings of the kernel's counters, so that what moved since an attempt began can be told afterwards. */
export class CounterLog {
  readonly #read: (netns: number) => Counters | undefined
  readonly #own: number | null
  readonly #clock: () => Nanos
  readonly #lag: number
  /** Others, the least recently used first. */
  readonly #namespaces = new Set<number>()
  readonly #snapshots: { readonly at: Nanos; readonly of: CounterSnapshot }[] = []
  #next = Number.NEGATIVE_INFINITY

  constructor(read: (netns: number) => Counters | undefined, { own, clock, lag = 0 }: CounterLogOptions) {
    this.#read = read
    this.#own = own
    this.#clock = clock
    this.#lag = lag
  }

  /** From now on the counters of this namespace are read too; the one that was not asked for longest makes room. */
  watch(netns: number): void {
    if (netns === this.#own) return
    this.#namespaces.delete(netns)
    this.#namespaces.add(netns)
    if (this.#namespaces.size > MAX_NAMESPACES) this.#namespaces.delete(this.#namespaces.keys().next().value!)
  }

  look(now: Nanos): void {
    if (now < this.#next) return
    this.#next = now + PACE
    const of = new Map<number, Reading>()
    for (const netns of this.#own === null ? this.#namespaces : [this.#own, ...this.#namespaces]) {
      const reading = this.#reading(netns)
      if (reading !== undefined) of.set(netns, reading)
    }
    this.#snapshots.push({ at: this.#clock(), of })
    if (this.#snapshots.length > KEPT) this.#snapshots.shift()
  }

  /**
   * The latest reading before `start`, else the oldest there is; of these namespaces, one of now where none is: what
   * goes wrong goes wrong again with the next attempt to send.
   */
  before(start: Nanos, namespaces: readonly (number | undefined)[]): CounterSnapshot {
    const found = this.#snapshots.findLast(({ at }) => at + this.#lag <= start) ?? this.#snapshots[0]
    const of = new Map(found?.of)
    for (const netns of namespaces) {
      if (netns === undefined) continue
      this.watch(netns)
      if (of.has(netns)) continue
      const reading = this.#reading(netns)
      if (reading !== undefined) of.set(netns, reading)
    }
    return of
  }

  /** What moved in the namespace of each end since that reading. */
  since(
    snapshot: CounterSnapshot | undefined,
    netns: Readonly<Partial<Record<Side, number>>>,
  ): Partial<Record<Side, Counters>> {
    const moved: Partial<Record<Side, Counters>> = {}
    for (const side of ['client', 'server'] as const) {
      const inode = netns[side]
      const before = inode === undefined ? undefined : snapshot?.get(inode)
      const now = before && this.#read(inode!)
      if (before !== undefined && now !== undefined) moved[side] = difference(before.counters, now)
    }
    return moved
  }

  /** Whether a namespace was read before that moment: what happened then is in what moved since. */
  wasRead(netns: number, snapshot: CounterSnapshot, at: Nanos): boolean {
    const reading = snapshot.get(netns)
    return reading !== undefined && reading.at <= at
  }

  #reading(netns: number): Reading | undefined {
    const counters = this.#read(netns)
    return counters && { at: this.#clock(), counters }
  }
}

function difference(before: Counters, now: Counters): Counters {
  const moved: Record<string, number> = {}
  for (const [name, value] of Object.entries(now)) {
    const by = value - (before[name] ?? 0)
    if (by > 0) moved[name] = by
  }
  return moved
}
