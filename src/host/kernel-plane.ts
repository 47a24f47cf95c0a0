import type { KernelFact } from '../kernel/fact.ts'
import { ALL_CHANGES, CHANGES_OF_FAILURES, type Transitions } from '../kernel/transitions.ts'
import { BpfPlane } from './bpf-plane.ts'
import { SystemError } from './libc.ts'
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

/** Opens what these privileges and this kernel allow; where that is nothing, a plane that tells nothing and says why. */
export function openKernelPlane({ waiter, want = {}, engine }: KernelPlaneOptions = {}): KernelPlane {
  const request: PlaneRequest = {
    transitions: want.state === 'failures' ? CHANGES_OF_FAILURES : ALL_CHANGES,
    drops: want.drops !== false,
    waiter,
  }
  const degraded: string[] = []
  if (engine !== 'perf') {
    const plane = attempt(
      degraded,
      'drops and network namespaces are not told: BPF',
      () => new BpfPlane(request),
    )
    if (plane !== undefined || engine === 'bpf') return plane ?? new NoPlane(degraded)
  }
  const lack = 'the kernel tells nothing of sockets: its events'
  return attempt(degraded, lack, () => new PerfPlane(request, degraded)) ?? new NoPlane(degraded)
}

function attempt<P>(degraded: string[], lack: string, open: () => P): P | undefined {
  try {
    return open()
  } catch (error) {
    if (error instanceof RangeError) degraded.push(`${lack} cannot be used (${error.message})`)
    else if (error instanceof Error && 'code' in error)
      degraded.push(`${lack} cannot be used (${reason(error)})`)
    else throw error
    return undefined
  }
}

/** A refusal is mended by privileges, all else is told as it is. */
function reason(error: Error & { code?: unknown }): string {
  if (error.code !== 'EPERM' && error.code !== 'EACCES') return error.message
  const mend = grantHint(['cap_bpf', 'cap_perfmon', 'cap_dac_read_search', 'cap_sys_ptrace'])
  return `${error instanceof SystemError ? error.message : String(error.code)}); ${mend}`.replace(/\)$/, '')
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
