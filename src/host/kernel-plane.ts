import type { KernelFact } from '../kernel/fact.ts'
import { ALL_CHANGES, CHANGES_OF_FAILURES, type Transitions } from '../kernel/transitions.ts'
import { BpfPlane } from './bpf-plane.ts'
import { PerfPlane } from './perf-plane.ts'
import { grantHint } from './privileges.ts'
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
  /** What is missing and the mend, one sentence each, for the user to read. */
  readonly degraded: readonly string[]
  readonly watched: Watched
  /** How many records found no room since the plane was opened. */
  readonly lost: number
  /**
   * Gives every fact up to now, in the order in which they happened on one CPU, and nearly so on several. Call it
   * when a descriptor of the waiter is readable, and every 20 ms or so: frequent facts wake nobody. When `give`
   * throws, the fact is gone.
   */
  drain(give: (fact: KernelFact) => void): void
  /** Ends it; nothing stays in the kernel. Idempotent. */
  close(): void
}

export interface KernelPlaneOptions {
  readonly waiter?: DescriptorSet
  readonly want?: {
    /**
     * `all` (default): ten facts for a healthy connection. `failures`: its connect() alone, and else only changes that
     * end an attempt or a connection out of turn, and listeners.
     */
    readonly state?: 'all' | 'failures'
    /** Default true. */
    readonly drops?: boolean
  }
  /** Default: BPF, and where that is refused perf. */
  readonly engine?: 'bpf' | 'perf'
}

/** `KernelPlaneOptions` with everything said. */
export interface PlaneRequest {
  readonly transitions: Transitions
  readonly drops: boolean
  readonly waiter: DescriptorSet | undefined
}

/** All that any plane makes use of: `setcap` replaces what a file had. */
const MEND = ['cap_net_raw', 'cap_perfmon', 'cap_bpf', 'cap_sys_ptrace', 'cap_dac_read_search'] as const

/** Opens what these privileges and this kernel allow; where that is nothing, a plane that tells nothing and says why. */
export function openKernelPlane({ waiter, want = {}, engine }: KernelPlaneOptions = {}): KernelPlane {
  const request: PlaneRequest = {
    transitions: want.state === 'failures' ? CHANGES_OF_FAILURES : ALL_CHANGES,
    drops: want.drops !== false,
    waiter,
  }
  let lack = ''
  if (engine !== 'perf') {
    try {
      return new BpfPlane(request)
    } catch (error) {
      lack = `dropped packets, failed calls and network namespaces are not told: ${reason(error)}`
      if (engine === 'bpf') return new NoPlane([lack])
    }
  }
  try {
    return new PerfPlane(request, lack)
  } catch (error) {
    return new NoPlane([`the kernel tells nothing of sockets and packets: ${reason(error)}`])
  }
}

/** Refusals with their mend, all else as it is. Throws what is neither the kernel's nor its description's failure. */
function reason(error: unknown): string {
  if (error instanceof RangeError) return error.message
  if (!(error instanceof Error && 'code' in error)) throw error
  const isRefused = error.code === 'EPERM' || error.code === 'EACCES'
  return isRefused ? `${error.message}; ${grantHint(MEND)}` : error.message
}

class NoPlane implements KernelPlane {
  readonly watched = NOTHING
  readonly lost = 0
  readonly degraded: readonly string[]

  constructor(degraded: readonly string[]) {
    this.degraded = degraded
  }

  drain(): void {}

  close(): void {}
}
