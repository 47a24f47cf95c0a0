import type { Address } from '../wire/address.ts'
import { CLOSE, type StateChange, SYN_SENT } from './state-event.ts'
import type { TracedProcess } from './traced-process.ts'

/** How long the owner of a closed connection is remembered: late segments, and questions asked late. */
const LINGER = 10e9
/**
 * A packet may seem older than the connect() that caused it by this much: both clocks are the kernel's, the
 * offset between them is measured to well under 1 µs, a time-stamping card may be further off.
 */
const CLOCK_SLACK = 100e3
/** Remembered connections; the oldest go first. About 300 bytes each. */
const CAPACITY = 1 << 17

/** One connect(): from CLOSE→SYN_SENT until CLOSE. Times are ns of the records' clock. */
export interface Connect {
  readonly socket: number
  readonly process: TracedProcess | undefined
  /** Inode of the network namespace; `null` when it is not known. */
  readonly netns: number | null
  readonly family: number
  readonly local: Uint32Array
  readonly remote: Uint32Array
  /** 0 until a later record of the same socket tells it. */
  localPort: number
  readonly remotePort: number
  readonly began: number
  /** `Infinity` while it is open. */
  ended: number
}

/**
 * Who called connect(), from state changes of sockets alone: pure, events in, owners out.
 *
 * The record of connect() has the process but not yet the port; the socket's next record has the port but
 * whoever was interrupted as its process. Both have the socket's kernel address: that is the join. Records of one
 * socket must come in order of time. Whatever is not certain is answered with `undefined`.
 */
export class ConnectionOwners {
  readonly #netns: number | null
  /** By kernel address of the socket, only open ones: the kernel uses an address again. */
  readonly #open = new Map<number, Connect>()
  /** By both ports; ephemeral ports make these lists short. */
  readonly #byPorts = new Map<number, Connect[]>()
  /** Connections whose local port is not known yet, by remote port. */
  readonly #pending = new Map<number, Set<Connect>>()
  /** In order of insertion, for expiry. */
  readonly #all = new Set<Connect>()

  /** `netns` is the inode of the namespace that packets are seen in; `null` when that cannot be told. */
  constructor(netns: number | null) {
    this.#netns = netns
  }

  /** Connections held, closed ones that linger included. */
  get size(): number {
    return this.#all.size
  }

  /** A state change; `process` is read only for CLOSE→SYN_SENT, the one that is made by connect() itself. */
  state(event: StateChange, time: number, process: TracedProcess | undefined): void {
    if (event.oldState === CLOSE && event.newState === SYN_SENT) this.#begin(event, time, process)
    else this.#follow(event, time)
  }

  /** The port of a connection became known. */
  confirm(connect: Connect, localPort: number): void {
    this.#forgetPending(connect)
    connect.localPort = localPort
    const key = portKey(localPort, connect.remotePort)
    const list = this.#byPorts.get(key)
    if (list === undefined) this.#byPorts.set(key, [connect])
    else list.push(connect)
  }

  /** Records were lost: nothing that is known is certain any more. */
  clear(): void {
    this.#open.clear()
    this.#byPorts.clear()
    this.#pending.clear()
    this.#all.clear()
  }

  /** The process that connected `local` to `remote`, at `time`, by records alone. */
  find(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    time: number,
  ): TracedProcess | undefined {
    return this.connection(local, localPort, remote, remotePort, time)?.process
  }

  /** The connect() itself. Where its namespace is not known (`null`) another one's may have been taken for it. */
  connection(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    time: number,
  ): Connect | undefined {
    const list = this.#byPorts.get(portKey(localPort, remotePort))
    if (list === undefined) return undefined
    const candidates = list.filter(
      (connect) =>
        isBetween(connect, local, remote) &&
        connect.began <= time + CLOCK_SLACK &&
        connect.ended + LINGER >= time &&
        !this.#isForeign(connect),
    )
    const chosen = this.#choose(candidates, time)
    if (chosen === undefined || (this.#isOurs(chosen) && chosen.ended >= time)) return chosen
    // Closed, or perhaps of another namespace: the packet may be of one whose port is not known yet.
    const rivals = this.candidates(local, remote, remotePort, time)
    return rivals.every((rival) => rival.process?.pid === chosen.process?.pid) ? chosen : undefined
  }

  /**
   * The process that connected `local` to `remote` in another namespace, for an address that the own one has not.
   * Namespaces may share addresses: only where a single connect() can be meant.
   */
  elsewhere(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    time: number,
  ): TracedProcess | undefined {
    const isMeant = (connect: Connect): boolean =>
      isBetween(connect, local, remote) &&
      connect.began <= time + CLOCK_SLACK &&
      connect.ended + LINGER >= time &&
      !this.#isOurs(connect)
    const candidates = (this.#byPorts.get(portKey(localPort, remotePort)) ?? []).filter(isMeant)
    const [only, ...more] = candidates
    const pid = only?.process?.pid
    // A closed one too: its last packets may be seen beside those of an open one in another namespace.
    if (pid === undefined || more.some(({ process }) => process?.pid !== pid)) return undefined
    // One whose port is not known yet may be it as well.
    const rivals = [...(this.#pending.get(remotePort) ?? [])].filter(isMeant)
    return rivals.every(({ process }) => process?.pid === pid) ? only?.process : undefined
  }

  /**
   * Connections from `local` to `remote` that were under way at `time` and whose port is not known yet: one of
   * them may be the one. Only a look at the socket itself can tell.
   */
  candidates(local: Address, remote: Address, remotePort: number, time: number): Connect[] {
    const found: Connect[] = []
    for (const connect of this.#pending.get(remotePort) ?? [])
      if (
        isBetween(connect, local, remote) &&
        connect.began <= time + CLOCK_SLACK &&
        !this.#isForeign(connect)
      )
        found.push(connect)
    return found
  }

  /** Forgets what ended long before `now`, and the oldest above the capacity. */
  expire(now: number): void {
    for (const connect of this.#all) {
      // In order of their beginning: an open one in front hides nothing, it is only kept.
      if (connect.ended + LINGER < now || this.#all.size > CAPACITY) this.#forget(connect)
    }
  }

  #begin(event: StateChange, time: number, process: TracedProcess | undefined): void {
    const before = this.#open.get(event.socket)
    if (before !== undefined) this.#end(before, time)
    const connect: Connect = {
      socket: event.socket,
      process,
      netns: event.netns ?? process?.netns ?? null,
      family: event.family,
      local: event.local.slice(),
      remote: event.remote.slice(),
      localPort: 0,
      remotePort: event.remotePort,
      began: time,
      ended: Number.POSITIVE_INFINITY,
    }
    this.#open.set(event.socket, connect)
    this.#all.add(connect)
    const pending = this.#pending.get(connect.remotePort)
    if (pending === undefined) this.#pending.set(connect.remotePort, new Set([connect]))
    else pending.add(connect)
    if (this.#all.size > CAPACITY) this.#forgetOldest()
  }

  #follow(event: StateChange, time: number): void {
    const connect = this.#open.get(event.socket)
    if (connect === undefined) return
    if (connect.localPort === 0 && event.localPort !== 0 && isSameConnection(connect, event)) {
      this.confirm(connect, event.localPort)
    }
    if (event.newState === CLOSE) this.#end(connect, time)
  }

  #forgetOldest(): void {
    for (const oldest of this.#all) {
      this.#forget(oldest)
      return
    }
  }

  #end(connect: Connect, time: number): void {
    connect.ended = time
    this.#open.delete(connect.socket)
    // No port was ever chosen (EADDRNOTAVAIL): no packet was sent.
    if (connect.localPort === 0) this.#forget(connect)
  }

  /**
   * Of the connections that used these very ends, the one of `time`. In one namespace they follow each other; so
   * one that overlaps a connection known to be ours belongs to another namespace, and two that overlap and are
   * both of unknown namespace cannot be told apart.
   */
  #choose(candidates: Connect[], time: number): Connect | undefined {
    if (candidates.length < 2) return candidates[0]
    const ours = candidates.filter((connect) => this.#isOurs(connect))
    const possible = candidates.filter(
      (connect) => this.#isOurs(connect) || !ours.some((other) => overlap(connect, other)),
    )
    let chosen: Connect | undefined
    for (const connect of possible)
      if (connect.began <= time && (chosen === undefined || connect.began > chosen.began)) chosen = connect
    // All of them began within the slack after `time`.
    if (chosen === undefined) return possible.every(samePid) ? possible[0] : undefined
    if (this.#isOurs(chosen)) return chosen
    const owner = chosen.process?.pid
    return possible.every((connect) => connect.process?.pid === owner) ? chosen : undefined
  }

  #isOurs({ netns }: Connect): boolean {
    return netns !== null && netns === this.#netns
  }

  #isForeign({ netns }: Connect): boolean {
    return netns !== null && this.#netns !== null && netns !== this.#netns
  }

  #forgetPending(connect: Connect): void {
    const pending = this.#pending.get(connect.remotePort)
    if (pending?.delete(connect) && pending.size === 0) this.#pending.delete(connect.remotePort)
  }

  #forget(connect: Connect): void {
    this.#all.delete(connect)
    if (this.#open.get(connect.socket) === connect) this.#open.delete(connect.socket)
    this.#forgetPending(connect)
    const key = portKey(connect.localPort, connect.remotePort)
    const list = this.#byPorts.get(key)
    if (list === undefined) return
    const rest = list.filter((other) => other !== connect)
    if (rest.length === 0) this.#byPorts.delete(key)
    else this.#byPorts.set(key, rest)
  }
}

function samePid(connect: Connect, _index: number, all: Connect[]): boolean {
  return connect.process?.pid === all[0]!.process?.pid
}

function portKey(local: number, remote: number): number {
  return local * 0x10000 + remote
}

function overlap(one: Connect, other: Connect): boolean {
  return one.began <= other.ended && other.began <= one.ended
}

function isBetween(connect: Connect, local: Address, remote: Address): boolean {
  return (
    connect.family === local.family &&
    connect.family === remote.family &&
    sameWords(connect.local, local.words) &&
    sameWords(connect.remote, remote.words)
  )
}

/** A later record of the same socket: the ends must still be those of its connect(). */
function isSameConnection(connect: Connect, event: StateChange): boolean {
  return (
    connect.remotePort === event.remotePort &&
    connect.family === event.family &&
    sameWords(connect.local, event.local) &&
    sameWords(connect.remote, event.remote)
  )
}

function sameWords(one: Uint32Array, other: Uint32Array): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]
}
