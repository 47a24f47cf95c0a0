import type { Endpoint, Side } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { SocketEvidence } from '../sockets/socket-evidence.ts'
import type { Evidence, KernelKind, Plane } from './evidence.ts'

/** The connection that is asked about. */
export interface ConnectionQuery {
  readonly proto: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly server: Endpoint
  /** Serial of its flow; absent while no packet of it was seen. */
  readonly flow?: number
  /** When it began, and when it is asked. */
  readonly start: Nanos
  readonly now: Nanos
  /** Namespaces of its ends, as far as the kernel told them. */
  readonly netns: Readonly<Partial<Record<Side, number>>>
  /** Who called connect(), where the kernel told it. */
  readonly dialler?: ProcessRef
}

/** What is there beside the packets: looked up when a connection is judged. */
export interface Planes {
  /** Inode of the namespace that packets are seen in; `null` when it cannot be told, or the packets are a file's. */
  readonly netns: number | null
  /** Packets of every connection of that namespace are seen; without that, one without packets means nothing. */
  readonly seesAll: boolean
  /** How much later than the kernel's word for it packets may be stamped, ns; 10 ms unless given. */
  readonly lag?: Nanos
  /** The capture's clock, where it is live. */
  now?(): Nanos
  /** Whether packets are watched at all. */
  readonly wire: Plane<object>
  readonly kernel: Plane<{ readonly unwatched?: readonly KernelKind[] }>
  /** Namespace of the machine that has an address, where exactly one has; the captured one comes first. */
  netnsOf(addr: string): number | undefined
  /** Whether a namespace has an address. */
  has(netns: number, addr: string): boolean
  here(query: ConnectionQuery): Readonly<Record<Side, boolean>>
  process(query: ConnectionQuery): Evidence['process']
  socket(query: ConnectionQuery): Plane<SocketEvidence>
  /** Has the docket told what the kernel said of the connections between two ends, where that waits to be asked for. */
  recall?(a: Pick<Endpoint, 'port'>, b: Pick<Endpoint, 'port'>): void
  /** The same of the connections that a process began to a port. */
  recallDials?(pid: number, port: number): void
  /** Whether a process lives; false also where that cannot be known. */
  isAlive(pid: number): boolean
  /** Kernel counters of a namespace by name; `undefined` when they cannot be read. */
  counters(netns: number): Readonly<Record<string, number>> | undefined
}

const FILE = 'a capture file has packets only'

/** A file: the wire is all there is. */
export const FILE_PLANES: Planes = {
  netns: null,
  seesAll: false,
  wire: { watched: true },
  kernel: { watched: false, why: FILE },
  netnsOf: () => undefined,
  has: () => false,
  here: () => ({ client: false, server: false }),
  process: () => ({ watched: false, why: FILE }),
  socket: () => ({ watched: false, why: FILE }),
  isAlive: () => false,
  counters: () => undefined,
}
