import type { Side } from '../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'

type Counters = Readonly<Record<string, number>>

/** Counters of some namespaces (by inode) at one moment. */
export interface CounterSnapshot {
  readonly at: Nanos
  readonly of: ReadonlyMap<number, Counters>
  /** Those of which there was no reading then: what had moved before this one is not known. */
  readonly late?: ReadonlySet<number>
}

/**
 * How often they are read, 0.2 ms for a namespace, and how many readings are kept: 4 s. An attempt is in trouble a
 * second after its first SYN or later, and what moved before that SYN is not its own.
 */
const PACE = NANOS_PER_SECOND / 4
const KEPT = 16
const MAX_NAMESPACES = 16
/** A reading bears the time of the packets that it follows, and is made up to this much later. */
const BEHIND = NANOS_PER_SECOND / 5

/** Readings of the kernel's counters, so that what moved since an attempt began can be told afterwards. */
export class CounterLog {
  readonly #read: (netns: number) => Counters | undefined
  readonly #own: number | null
  /** Others, the least recently used first. */
  readonly #namespaces = new Set<number>()
  readonly #snapshots: CounterSnapshot[] = []

  /** `own`: the namespace that is captured, always read. */
  constructor(read: (netns: number) => Counters | undefined, own: number | null = null) {
    this.#read = read
    this.#own = own
  }

  /** From now on the counters of this namespace are read too; the one that was not asked for longest makes room. */
  watch(netns: number): void {
    if (netns === this.#own) return
    this.#namespaces.delete(netns)
    this.#namespaces.add(netns)
    if (this.#namespaces.size > MAX_NAMESPACES) this.#namespaces.delete(this.#namespaces.keys().next().value!)
  }

  look(now: Nanos): void {
    const latest = this.#snapshots.at(-1)
    if (latest !== undefined && now - latest.at < PACE) return
    const of = new Map<number, Counters>()
    for (const netns of this.#own === null ? this.#namespaces : [this.#own, ...this.#namespaces]) {
      const counters = this.#read(netns)
      if (counters !== undefined) of.set(netns, counters)
    }
    this.#snapshots.push({ at: now, of })
    if (this.#snapshots.length > KEPT) this.#snapshots.shift()
  }

  /**
   * The latest reading before `start`, else the oldest there is; of these namespaces, one of now where none is (`late`):
   * what goes wrong goes wrong again with the next attempt to send.
   */
  before(start: Nanos, namespaces: readonly (number | undefined)[]): CounterSnapshot {
    const safe = start - BEHIND
    const found = this.#snapshots.findLast(({ at }) => at <= safe) ?? this.#snapshots[0]
    const of = new Map(found?.of)
    const late = new Set<number>(found !== undefined && found.at > safe ? of.keys() : [])
    for (const netns of namespaces) {
      if (netns === undefined) continue
      this.watch(netns)
      if (of.has(netns)) continue
      const counters = this.#read(netns)
      if (counters === undefined) continue
      of.set(netns, counters)
      late.add(netns)
    }
    return { at: found?.at ?? start, of, late }
  }

  /** What moved in the namespace of each end since that reading. */
  since(
    snapshot: CounterSnapshot | undefined,
    netns: Readonly<Partial<Record<Side, number>>>,
  ): Partial<Record<Side, Counters>> {
    const moved: Partial<Record<Side, Counters>> = {}
    for (const side of ['client', 'server'] as const) {
      const inode = netns[side]
      const before = inode === undefined ? undefined : snapshot?.of.get(inode)
      const now = before && this.#read(inode!)
      if (before !== undefined && now !== undefined) moved[side] = difference(before, now)
    }
    return moved
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
