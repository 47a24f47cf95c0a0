import type { KernelFact } from '../../kernel/fact.ts'
import type { RecordedChange } from '../../kernel/recorded-change.ts'
import { ALL_CHANGES, CHANGES_OF_FAILURES, type Transitions } from '../../kernel/transitions.ts'
import { grantHint, isRefused, tracepointHint } from '../mend.ts'
import { BpfPlane } from './bpf-plane.ts'
import { PerfPlane } from './perf-plane.ts'
import type { DescriptorSet } from './tracepoints.ts'

/** Which kinds of facts come. */
export interface Watched {
  readonly state: boolean
  readonly error: boolean
  readonly reset: boolean
  readonly retransmit: boolean
  readonly call: boolean
  readonly drop: boolean
}

const NOTHING: Watched = {
  state: false,
  error: false,
  reset: false,
  retransmit: false,
  call: false,
  drop: false,
}

/** What the kernel tells of the sockets and packets of the whole machine, every network namespace. */
export interface KernelPlane {
  /** What is missing, one sentence each, for the user to read. */
  readonly degraded: readonly string[]
  /** How to get all of it; absent where nothing is missing, or privileges do not help. */
  readonly mend: string | undefined
  readonly watched: Watched
  /** How many records found no room since the plane was opened, as of the last `drain`. */
  readonly lost: number
  /**
   * Gives every fact up to now, in the order in which they happened on one CPU, and nearly so on several. Call it
   * when a descriptor of the waiter is readable, and every 20 ms or so: frequent facts wake nobody. When `give`
   * throws, the fact is gone.
   *
   * `see` is shown every change of state before, borrowed, also those that are not given; see `showsStates`.
   */
  drain(give: (fact: KernelFact) => void, see?: (change: RecordedChange) => void): void
  /** `drain` knows what to show. */
  readonly showsStates: boolean
  /** Gives what was set aside of the connections between two ports; from then on `drain` gives it. */
  recall?(a: number, b: number, give: (fact: KernelFact) => void): void
  /** The same of the connections that a process began to a port. */
  recallDials?(pid: number, port: number, give: (fact: KernelFact) => void): void
  /** Shows and gives what `drain` left for later, as it was told to; see `lazy`. */
  catchUp?(): void
  /** Ends it; nothing stays in the kernel. Idempotent. */
  close(): void
}

export interface KernelPlaneOptions {
  readonly waiter?: DescriptorSet
  readonly want?: {
    /**
     * `all` (default): ten facts for a healthy connection. `failures`: how connections begin and end, half as many, and
     * listeners.
     */
    readonly state?: 'all' | 'failures'
    /** Default true. */
    readonly drops?: boolean
    /** Changes of state that nobody has asked for are not given by `drain`, but kept for a while (BPF only). */
    readonly onDemand?: true
    /**
     * With `onDemand`: of those `drain` shows none either while they come fast, but later what is not over by then.
     * `catchUp` is called before it matters what was shown. What /proc tells of a process beside its pid and name comes as
     * late, if it is still there then.
     */
    readonly lazy?: true
  }
  /** Default: BPF, and where that is refused perf. */
  readonly engine?: 'bpf' | 'perf'
  /** Size of the ring that BPF programs write to, MiB, a power of two; default 8. */
  readonly ringMib?: number
}

/** `KernelPlaneOptions` with everything said. */
export interface PlaneRequest {
  readonly transitions: Transitions
  readonly drops: boolean
  readonly onDemand: boolean
  readonly isLazy?: boolean
  readonly waiter: DescriptorSet | undefined
  readonly ringMib?: number
}

/** Opens what these privileges and this kernel allow; where that is nothing, a plane that tells nothing and says why. */
export function openKernelPlane(options: KernelPlaneOptions = {}): KernelPlane {
  const { waiter, want = {}, engine, ringMib } = options
  const request: PlaneRequest = {
    transitions: want.state === 'failures' ? CHANGES_OF_FAILURES : ALL_CHANGES,
    drops: want.drops !== false,
    onDemand: want.onDemand === true,
    isLazy: want.lazy === true,
    waiter,
    ...(ringMib && { ringMib }),
  }
  const lacks: string[] = []
  let mend: string | undefined
  if (engine !== 'perf') {
    try {
      return new BpfPlane(request)
    } catch (error) {
      lacks.push(`dropped packets, failed calls and network namespaces are not told: ${reason(error)}`)
      if (isRefused(error)) mend = grantHint(['cap_bpf', 'cap_perfmon'])
      if (engine === 'bpf') return new NoPlane(lacks, mend)
    }
  }
  try {
    return new PerfPlane(request, lacks, mend)
  } catch (error) {
    if (isRefused(error)) mend = tracepointHint()
    return new NoPlane(
      [
        `the kernel tells nothing of sockets and packets, nor who owns short-lived connections: ${reason(error)}`,
      ],
      mend,
    )
  }
}

/** Throws what is neither the kernel's nor its description's failure. */
function reason(error: unknown): string {
  if (error instanceof RangeError || (error instanceof Error && 'code' in error)) return error.message
  throw error
}

class NoPlane implements KernelPlane {
  readonly watched = NOTHING
  readonly showsStates = false
  readonly lost = 0
  readonly degraded: readonly string[]
  readonly mend: string | undefined

  constructor(degraded: readonly string[], mend: string | undefined) {
    this.degraded = degraded
    this.mend = mend
  }

  drain(): void {}

  close(): void {}
}
