import { accepts, type ListenCall, type ListenCalls } from '../../kernel/listen-calls.ts'
import type { ProcessNames } from '../../kernel/process-names.ts'
import type { TracedProcess } from '../../kernel/traced-process.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { type Address, parseAddress } from '../../wire/address.ts'
import type { Ends, Holder, SocketFinder } from './socket-finder.ts'

/** Without kernel events nothing says that a listener came or went: its table is read again after this, ms. */
const UNTRACED_AGE = 100
const TRACED_AGE = 2000
/** A port that the table does not have makes it be read again, but not more often than this, ms. */
const MISS_AGE = 10
const INIT = 1

interface Listener {
  readonly family: number
  readonly local: Uint32Array
  readonly port: number
  readonly v6only: boolean
  readonly bound: boolean
  readonly inode: number
}

/** Whose listener takes a connection: the socket table says which one, /proc and listen() say whose it is. */
export class ListenerOwners {
  readonly #finder: SocketFinder
  readonly #calls: ListenCalls
  readonly #names: ProcessNames
  readonly #traced: boolean
  #byPort = new Map<number, Listener[]>()
  #at = Number.NEGATIVE_INFINITY
  #changes = -1

  constructor(finder: SocketFinder, calls: ListenCalls, names: ProcessNames, traced: boolean) {
    this.#finder = finder
    this.#calls = calls
    this.#names = names
    this.#traced = traced
  }

  /** Finds the owners of the listeners there are, as far as `milliseconds` go. */
  prepare(milliseconds: number): void {
    this.#refresh(0)
    const listeners = [...this.#byPort.values()].flat()
    this.#finder.prepare(
      listeners.map(({ inode }) => inode),
      milliseconds,
    )
  }

  /** The owner of the listener that `ends` of a connection of `time` (ns, the records' clock) came to. */
  find(ends: Ends, time: number): Holder | undefined {
    const calls = this.#calls.at(ends.localPort, time)
    const live = this.#best(ends).filter((listener) => !this.#isYounger(listener, time))
    if (live.length === 0) return this.#gone(ends, calls, time)
    const owners = live.map((listener) => this.#owner(listener, calls, time))
    const first = owners[0]
    if (owners.some((owner) => owner?.pid !== first?.pid)) return this.#accepted(ends, owners)
    // Nobody holds it: either that could not be found out now, or it was closed while it was looked for.
    return first ?? (this.#isGone(live) ? this.#gone(ends, calls, time) : undefined)
  }

  /** The listeners that the kernel would choose from (inet_lookup_listener: address, then family). */
  #best(ends: Ends): Listener[] {
    const { local, localPort } = ends
    this.#refresh(this.#traced ? TRACED_AGE : UNTRACED_AGE)
    let found = this.#accepting(local, localPort)
    if (found.length === 0) {
      this.#refresh(MISS_AGE)
      found = this.#accepting(local, localPort)
    }
    const score = ({ family, local: bound }: Listener): number =>
      (bound.some((word) => word !== 0) ? 2 : 0) + (family === local.family ? 1 : 0)
    const best = Math.max(...found.map(score))
    // One bound to a device comes before the others on that device, and is none elsewhere: not to be told here.
    if (found.length > 1 && found.some(({ bound }) => bound)) return found
    return found.filter((listener) => score(listener) === best)
  }

  #accepting(local: Address, port: number): Listener[] {
    return (this.#byPort.get(port) ?? []).filter((listener) =>
      accepts(listener.family, listener.local, listener.v6only, local),
    )
  }

  #refresh(age: number): void {
    const now = performance.now()
    if (this.#changes === this.#calls.changes && now - this.#at < age) return
    const records = this.#finder.listeners()
    if (records === undefined) return
    this.#at = now
    this.#changes = this.#calls.changes
    this.#byPort = new Map()
    for (const record of records) {
      const listener = listenerOf(record)
      if (listener === undefined) continue
      const list = this.#byPort.get(listener.port)
      if (list === undefined) this.#byPort.set(listener.port, [listener])
      else list.push(listener)
    }
  }

  #isGone(listeners: readonly Listener[]): boolean {
    this.#refresh(0)
    const { port } = listeners[0]!
    const left = this.#byPort.get(port) ?? []
    return !left.some(({ inode }) => listeners.some((listener) => listener.inode === inode))
  }

  /** True when the listener of the table was made after `time`: then it is not the one. */
  #isYounger(listener: Listener, time: number): boolean {
    const now = this.#calls
      .at(listener.port, Number.POSITIVE_INFINITY)
      .filter((call) => isSame(call, listener))
    return now.length > 0 && now.every(({ since }) => since > time)
  }

  /** The caller of listen(), if it still holds the socket; else whoever does. */
  #owner(listener: Listener, calls: readonly ListenCall[], time: number): Holder | undefined {
    const callers = new Map<number, TracedProcess>()
    for (const call of calls)
      if (call.process !== undefined && call.process.pid !== INIT && isSame(call, listener))
        callers.set(call.process.pid, call.process)
    if (callers.size > 0) {
      const [pid] = this.#finder.holdersAmong(listener.inode, [...callers.keys()], time)
      if (pid !== undefined) return { pid, attribution: 'tracepoint', seen: callers.get(pid)! }
    }
    return this.#finder.holder(listener.inode, time)
  }

  /** Several sockets share the port (SO_REUSEPORT): the accepted connection is held by one of their owners. */
  #accepted(ends: Ends, owners: readonly (Holder | undefined)[]): Holder | undefined {
    const connection = this.#finder.connection(ends)
    if (connection === undefined || connection.inode === 0) return undefined
    const pids = owners.flatMap((owner) => (owner === undefined ? [] : [owner.pid]))
    const holding = this.#finder.holdersAmong(connection.inode, pids)
    const owner = owners.find((one) => one?.pid === holding[0])
    return holding.length === 1 && owner !== undefined
      ? { ...owner, attribution: this.#finder.attribution }
      : undefined
  }

  /** Already closed: the caller of listen(), provided that it lived at that time. */
  #gone(ends: Ends, calls: readonly ListenCall[], time: number): Holder | undefined {
    const callers = calls.filter(({ family, local }) => accepts(family, local, null, ends.local) !== false)
    const caller = callers[0]?.process
    if (caller === undefined || caller.pid === INIT) return undefined
    // Whether a listener on [::] took IPv4 cannot be known any more.
    if (callers.some(({ family, process }) => family !== ends.local.family || process?.pid !== caller.pid))
      return undefined
    const exit = this.#names.exitOf(caller.pid)
    return exit !== undefined && exit < time
      ? undefined
      : { pid: caller.pid, attribution: 'tracepoint', seen: caller }
  }
}

function listenerOf(record: SocketRecord): Listener | undefined {
  const { local, inode, v6only, iface } = record
  const address = local.addr === undefined ? undefined : parseAddress(local.addr)
  if (address === undefined || local.port === undefined) return undefined
  const { family, words } = address
  // Bound to an IPv4-mapped address: an IPv6 socket for IPv4 alone.
  const mapped = family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff
  return {
    family: mapped ? 4 : family,
    local: mapped ? Uint32Array.of(words[3]!, 0, 0, 0) : words,
    port: local.port,
    // /proc/net does not say it: then the port is not known to take IPv4.
    v6only: v6only ?? family === 6,
    bound: iface !== undefined,
    inode,
  }
}

function isSame(call: ListenCall, listener: Listener): boolean {
  return call.family === listener.family && call.local.every((word, index) => word === listener.local[index])
}
