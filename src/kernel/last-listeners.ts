import type { ProcessRef } from '../process-ref.ts'
import type { StateFact } from './fact.ts'

/** How many ports are remembered; the one that changed longest ago goes first. */
const CAPACITY = 4096

interface Past {
  readonly process: ProcessRef
  /** Kernel nanoseconds; `Infinity` while it listens. */
  closed: number
}

/** Who listened on a port before, by the changes of state that were seen. */
export class LastListeners {
  readonly #byPlace = new Map<string, Past>()

  /** Takes a change of state; all but those to and from LISTEN are passed over. */
  state({ proto, from, to, local, netns, pid, comm, at }: StateFact): void {
    if (proto !== 'tcp' || (from !== 'LISTEN' && to !== 'LISTEN')) return
    const key = place(netns, local.port)
    const known = this.#byPlace.get(key)
    const process: ProcessRef | undefined =
      pid === undefined || pid === 0 ? undefined : { pid, comm: comm ?? null, attribution: 'tracepoint' }
    // Who closed it held it, also when its listen() was before the first record.
    const holder = to === 'LISTEN' ? process : (known?.process ?? process)
    if (holder === undefined) return
    this.#byPlace.delete(key)
    this.#byPlace.set(key, { process: holder, closed: to === 'LISTEN' ? Number.POSITIVE_INFINITY : at })
    const [oldest] = this.#byPlace.keys()
    if (this.#byPlace.size > CAPACITY) this.#byPlace.delete(oldest!)
  }

  /** Who held the port of a namespace and closed it before `now` (kernel nanoseconds). */
  find(
    netns: number | null,
    port: number,
    now: number,
  ): { readonly process: ProcessRef; readonly closedMsAgo: number } | undefined {
    const past = this.#byPlace.get(place(netns, port)) ?? this.#byPlace.get(place(null, port))
    if (past === undefined || past.closed > now) return undefined
    return { process: past.process, closedMsAgo: (now - past.closed) / 1e6 }
  }
}

function place(netns: number | null, port: number): string {
  return `${netns ?? ''} ${port}`
}
