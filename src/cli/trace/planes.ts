import type { Evidence, KernelKind, Plane } from '../../diagnose/evidence.ts'
import type { ConnectionQuery, Planes } from '../../diagnose/planes.ts'
import type { Endpoint, Side } from '../../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../../flow/time.ts'
import { monotonicToRealtimeOffset, nanosSince } from '../../host/clock.ts'
import type { KernelPlane } from '../../host/kernel/kernel-plane.ts'
import { kernelTime } from '../../host/kernel/tracepoints.ts'
import { hasCapability } from '../../host/privileges.ts'
import { isAlive } from '../../host/process/procfs.ts'
import type { EvidenceLookup } from '../../host/sockets/evidence-lookup.ts'
import type { Owners } from '../../host/sockets/owners.ts'
import type { KernelFact } from '../../kernel/fact.ts'
import type { RecordedChange } from '../../kernel/recorded-change.ts'
import type { ProcessRef } from '../../process-ref.ts'
import type { SocketEvidence } from '../../sockets/socket-evidence.ts'
import type { OwnerLookup } from '../analysis/flow-processes.ts'
import { PastAddresses } from './past-addresses.ts'

/** Where verdicts send those who want more of the planes watched. */
export const MEND = ' (mend: socktrace doctor)'
/** Whether packets are captured. */
export type WirePlane = Planes['wire']
/**
 * How late packets are that are stamped as they are read, by a program that may be busy: libpcap hands them over after
 * 1 s.
 */
const LATE = (2 * NANOS_PER_SECOND) as Nanos
/** How often the distance of the two clocks is measured, ms. */
const CLOCK_AGE = 100

interface LivePlanesParts {
  /** Is shown changes of state, where the kernel plane shows them. */
  readonly owners: OwnerLookup & Partial<Pick<Owners, 'see' | 'missed'>>
  readonly lookup: EvidenceLookup
  readonly kernel: KernelPlane
  /** Inode of the namespace that packets are captured in. */
  readonly netns: number | null
  /** No filter and no choice of interfaces leaves packets out. */
  readonly seesAll: boolean
  /** Captured unless given. */
  readonly wire?: WirePlane
  /** Packets have the time at which they were read, not that at which they passed. */
  readonly stampsLate?: boolean
  /** Who opened a connection, where this program knows it itself. */
  readonly dialler?: (client: Endpoint, server: Endpoint) => ProcessRef | undefined
}

/** The planes beside the wire, while they can be asked: this machine as it is when a connection is judged. */
export class LivePlanes implements Planes {
  /** Epoch seconds of the trace's origin. */
  originSeconds = 0
  readonly netns: number | null
  readonly seesAll: boolean
  readonly wire: WirePlane
  readonly kernel: Planes['kernel']
  readonly lag?: Nanos
  readonly #parts: LivePlanesParts
  #lost = 0
  /** What to add to a record's time to get one since the trace's origin, ns. */
  #offset = 0
  #offsetAt = Number.NEGATIVE_INFINITY

  #give: (fact: KernelFact, at: Nanos) => void = () => {}
  readonly #told = (fact: KernelFact): void => {
    this.#parts.lookup.fact(fact)
    this.#give(fact, (fact.at + this.#offset) as Nanos)
  }

  readonly #addresses: PastAddresses
  readonly #seen = (change: RecordedChange): void => {
    const { netns } = change
    if (netns !== null && netns !== this.netns) this.#addresses.see(netns, change)
    this.#parts.owners.see?.(change)
  }

  constructor(parts: LivePlanesParts) {
    this.#parts = parts
    this.#addresses = new PastAddresses((addr, netns) => parts.lookup.isHere(addr, netns))
    this.netns = parts.netns
    this.seesAll = parts.seesAll
    this.wire = parts.wire ?? { watched: true }
    this.kernel = kernelOf(parts.kernel)
    if (parts.stampsLate) this.lag = LATE
  }

  /** Gives what the kernel told since last time, at times of the capture's clock; true when some of it was lost. */
  drain(give: (fact: KernelFact, at: Nanos) => void): boolean {
    const { kernel, owners } = this.#parts
    // Lost is what comes while nobody reads: between the last time and now.
    const before = this.#lost
    this.#give = give
    this.#updateOffset()
    kernel.drain(this.#told, this.#seen)
    this.#lost = kernel.lost
    const isLost = this.#lost > before
    if (isLost && kernel.showsStates) owners.missed?.()
    return isLost
  }

  /** Gives to whom `drain` gave last. */
  recall(a: Pick<Endpoint, 'port'>, b: Pick<Endpoint, 'port'>): void {
    this.#parts.kernel.recall?.(a.port, b.port, this.#told)
  }

  now(): Nanos {
    return nanosSince(this.originSeconds) as Nanos
  }

  recallDials(pid: number, port: number): void {
    this.#parts.kernel.recallDials?.(pid, port, this.#told)
  }

  netnsOf(addr: string): number | undefined {
    const { lookup } = this.#parts
    return lookup.isHere(addr) ? (this.netns ?? undefined) : lookup.netnsOf(addr)?.inode
  }

  has(netns: number, addr: string): boolean {
    return netns === this.netns ? this.#parts.lookup.isHere(addr, netns) : this.#addresses.has(netns, addr)
  }

  here({ client, server, netns }: ConnectionQuery): Record<Side, boolean> {
    const isHere = (addr: string, inode: number | undefined): boolean =>
      inode !== undefined || this.netnsOf(addr) !== undefined
    return { client: isHere(client.addr, netns.client), server: isHere(server.addr, netns.server) }
  }

  process(query: ConnectionQuery): Evidence['process'] {
    const { proto, client, server, start, dialler } = query
    const epoch = this.originSeconds * NANOS_PER_SECOND + start
    const { kernel, owners, dialler: known } = this.#parts
    kernel.catchUp?.()
    if (kernel.showsStates && kernel.lost > this.#lost) owners.missed?.()
    const found: Partial<Record<Side, ProcessRef>> = {}
    const caller = owners.find(proto, client, server, 'client', epoch) ?? dialler ?? known?.(client, server)
    if (caller !== undefined) found.client = caller
    const holder = owners.find(proto, server, client, 'server', epoch)
    if (holder !== undefined) found.server = holder
    // That nothing was found says something only of processes that may be looked into.
    if (caller === undefined && holder === undefined && !hasCapability('cap_sys_ptrace'))
      return { watched: false, why: `who has a socket takes CAP_SYS_PTRACE to see${MEND}` }
    return { watched: true, ...found }
  }

  socket(query: ConnectionQuery): Plane<SocketEvidence> {
    const { proto, client, server, netns, start } = query
    const began = start - this.#offset
    return this.#parts.lookup.sockets({ proto, client, server, netns, here: this.here(query), began })
  }

  isAlive(pid: number): boolean {
    return isAlive(pid)
  }

  counters(netns: number): Readonly<Record<string, number>> | undefined {
    return this.#parts.lookup.counters(netns)
  }

  close(): void {
    this.#parts.kernel.close()
    this.#parts.lookup.close()
  }

  #updateOffset(): void {
    const now = performance.now()
    if (now - this.#offsetAt <= CLOCK_AGE) return
    this.#offsetAt = now
    const offset = monotonicToRealtimeOffset() - BigInt(this.originSeconds) * 1_000_000_000n
    // Records have the kernel's own clock, which is another one in a time namespace.
    this.#offset = Number(offset) - kernelTime(0)
  }
}

/** The mend itself is told once, when the run begins; every verdict points to it. */
function kernelOf({ watched, degraded, mend }: KernelPlane): Planes['kernel'] {
  const kinds: KernelKind[] = ['state', 'error', 'reset', 'retransmit', 'call', 'drop']
  const unwatched = kinds.filter((kind) => !watched[kind])
  if (unwatched.length === kinds.length)
    return { watched: false, why: `${degraded.join('; ')}${mend === undefined ? '' : MEND}` }
  return { watched: true, ...(unwatched.length > 0 && { unwatched }) }
}
