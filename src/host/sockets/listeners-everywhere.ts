import { accepts } from '../../kernel/listen-calls.ts'
import type { ProcessRef } from '../../process-ref.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import type { ListenerEvidence } from '../../sockets/socket-evidence.ts'
import { countSynQueues } from '../../sockets/syn-queue.ts'
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts'
import { SystemError } from '../libc.ts'
import type { Namespaces } from '../namespaces.ts'
import { processRef } from '../process/process-ref.ts'
import { readProcess } from '../process/procfs.ts'
import { EndSockets, type Protocol } from './end-sockets.ts'
import { SocketFinder } from './socket-finder.ts'
import { snapshot } from './socket-table.ts'

/** What is found on a port is used again for this long, ms: a client that tries again and again asks each time. */
const AGE = 20
/** A count of SYN queues is used again for ten times as long as it took, at most this, ms: a storm of failures spends a tenth on it. */
const COUNT_AGE = 250
/** Beyond this many listeners on one port more of them say nothing. */
const MOST = 32

/** Longest search for an owner, ms: most of it goes by while others have a busy machine's processor. */
const SEARCH = 200

/** Where a connection went, after a translation of its destination. */
export interface Target {
  readonly proto: Protocol
  readonly address: Address
  readonly port: number
  /** Namespace that takes it; `undefined` when it is not on this machine. */
  readonly netns: number | null | undefined
  /** Device that its packets come in through, in that namespace. */
  readonly iface?: string | undefined
}

interface Found {
  readonly at: number
  readonly sockets: readonly SocketRecord[]
  /** Namespaces whose tables were read. */
  readonly read: ReadonlySet<number>
  /** Namespaces in which the SYN queues were counted. */
  readonly counted: Set<number | null>
}

interface HalfOpen {
  readonly until: number
  readonly requests: readonly SocketRecord[]
}

/** Listeners on a port in every network namespace that can be entered, and whose they are. */
export class ListenersEverywhere {
  readonly #namespaces: Namespaces
  readonly #finder = new SocketFinder()
  readonly #known = new Map<string, Found>()
  /** By namespace and port: what waited in the SYN queues. */
  readonly #halfOpen = new Map<string, HalfOpen>()

  constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces
  }

  /**
   * Those of the target's namespace that take connections to it come first. `dialled` is the address before a
   * translation; of a namespace that has it, or to which it was translated, `reachable` is said. `undefined` when the
   * target's own namespace could not be looked into: an empty answer would pass for a port without listeners.
   */
  find(target: Target, dialled: string): ListenerEvidence[] | undefined {
    const { sockets, read } = this.#sockets(target)
    if (typeof target.netns === 'number' && !read.has(target.netns)) return undefined
    return sockets
      .map((socket) => this.#evidence(socket, target, dialled))
      .sort((a, b) => rank(b) - rank(a))
      .slice(0, MOST)
      .map((listener) => {
        const process = this.#owner(listener.socket.inode)
        return process === undefined ? listener : { ...listener, process }
      })
  }

  close(): void {
    this.#finder.close()
  }

  #evidence(socket: SocketRecord, target: Target, dialled: string): ListenerEvidence {
    const { netns } = socket
    const sameNetns = target.netns !== undefined && netns === target.netns
    const reaches = netns !== null && this.#namespaces.has(netns, dialled)
    return {
      socket,
      netns,
      ...(netns !== null && { netnsName: this.#namespaces.name(netns) }),
      sameNetns,
      accepts: takes(socket, target),
      ...(!sameNetns && { reachable: reaches }),
    }
  }

  #sockets(target: Target): Found {
    const found = this.#onPort(target)
    const { counted } = found
    const { proto, port, netns } = target
    if (proto !== 'tcp' || netns === undefined || counted.has(netns)) return found
    const there = found.sockets.filter((socket) => socket.netns === netns)
    // Only a listener that takes the connection can have lost it in its queue.
    if (!there.some((socket) => takes(socket, target))) return found
    counted.add(netns)
    // All of the namespace: each request is of the most specific of them.
    const requests = this.#requests(netns, port)
    if (requests !== undefined) countSynQueues(there, requests)
    return found
  }

  /** `undefined` where the kernel has no inet_diag: the queues stay unknown. */
  #requests(netns: number | null, port: number): readonly SocketRecord[] | undefined {
    const key = `${netns} ${port}`
    const began = performance.now()
    const known = this.#halfOpen.get(key)
    if (known !== undefined && began < known.until) return known.requests
    for (const [other, { until }] of this.#halfOpen) if (began >= until) this.#halfOpen.delete(other)
    const requests = this.#namespaces.inside(netns ?? undefined, () => halfOpenHere(port))
    if (requests === undefined) return undefined
    const ended = performance.now()
    this.#halfOpen.set(key, { until: ended + Math.min(10 * (ended - began), COUNT_AGE), requests })
    return requests
  }

  #onPort({ proto, port }: Target): Found {
    const key = `${proto} ${port}`
    const now = performance.now()
    const known = this.#known.get(key)
    if (known !== undefined && now - known.at < AGE) return known
    const sockets: SocketRecord[] = []
    const read = new Set<number>()
    for (const { inode } of this.#namespaces.all()) {
      const there = this.#namespaces.inside(inode, () => listenersHere(proto, port))
      if (there === undefined) continue
      read.add(inode)
      sockets.push(...there)
    }
    for (const [other, { at }] of this.#known) if (now - at > AGE) this.#known.delete(other)
    const found = { at: now, sockets, read, counted: new Set<number | null>() }
    this.#known.set(key, found)
    return found
  }

  /** Once more with time enough for some thousand descriptors: nobody asks again later. */
  #search(inode: number): ReturnType<SocketFinder['holder']> {
    this.#finder.prepare([inode], SEARCH)
    return this.#finder.holder(inode)
  }

  #owner(inode: number): ProcessRef | undefined {
    if (inode === 0) return undefined
    const holder = this.#finder.holder(inode) ?? this.#search(inode)
    const details = holder && readProcess(holder.pid)
    return holder && details && processRef(details, holder.attribution, details)
  }
}

/** Listeners of the thread's namespace; from /proc/net where the kernel has no inet_diag. */
function listenersHere(proto: Protocol, port: number): SocketRecord[] {
  try {
    return EndSockets.with((sockets) => sockets.listeners(proto, port))
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    const { records } = snapshot({ tables: [proto], processes: false, source: 'proc' })
    const state = proto === 'tcp' ? 'LISTEN' : 'UNCONN'
    return records.filter((record) => record.local.port === port && record.state === state)
  }
}

function halfOpenHere(port: number): SocketRecord[] | undefined {
  try {
    return EndSockets.with((sockets) => sockets.halfOpen(port))
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return undefined
  }
}

/** The kernel's choice (inet_lookup_listener): bound device, address, family. */
function takes({ local, iface, v6only }: SocketRecord, { address, iface: arriving }: Target): boolean {
  const bound = local.addr === undefined ? undefined : parseAddress(local.addr)
  if (bound === undefined) return false
  if (iface !== undefined && arriving !== undefined && iface !== arriving) return false
  // Bound to an IPv4-mapped address: an IPv6 socket for that IPv4 address alone.
  if (local.addr === `::ffff:${formatAddress(address.family, address.words)}`) return address.family === 4
  // /proc/net does not say v6only: then it is not known to take IPv4.
  return accepts(bound.family, bound.words, v6only ?? bound.family === 6, address) === true
}

function rank({ sameNetns, accepts: taken, reachable }: ListenerEvidence): number {
  return (sameNetns ? 4 : 0) + (reachable ? 2 : 0) + (taken ? 1 : 0)
}
