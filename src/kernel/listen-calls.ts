import type { Address } from '../wire/address.ts'
import { CLOSE, LISTEN, type StateChange } from './state-event.ts'
import type { TracedProcess } from './traced-process.ts'

/** How long a closed listener is remembered: questions about its last connections are asked later. */
const LINGER = 10e9
const CAPACITY = 16_384

/** One listener whose listen() was seen. Times are ns of the records' clock. */
export interface ListenCall {
  readonly socket: number
  readonly process: TracedProcess | undefined
  /** Inode of the network namespace; `null` when it is not known. */
  readonly netns: number | null
  /** 4 or 6; `::` of family 6 may take IPv4 too. */
  readonly family: number
  readonly local: Uint32Array
  readonly port: number
  readonly since: number
  /** `Infinity` while it listens. */
  until: number
}

/** Listeners by the kernel's records: who called listen(), from when to when. */
export class ListenCalls {
  readonly #netns: number | null
  readonly #open = new Map<number, ListenCall>()
  readonly #byPort = new Map<number, ListenCall[]>()
  readonly #closed: ListenCall[] = []
  /** Grows with every listener that came or went, seen from its beginning or not. */
  changes = 0

  constructor(netns: number | null) {
    this.#netns = netns
  }

  state(event: StateChange, time: number, process: TracedProcess | undefined): void {
    if (event.newState === LISTEN) {
      this.#close(event.socket, time)
      const call: ListenCall = {
        socket: event.socket,
        process,
        netns: event.netns ?? process?.netns ?? null,
        family: event.family,
        local: event.local.slice(),
        port: event.localPort,
        since: time,
        until: Number.POSITIVE_INFINITY,
      }
      this.#open.set(call.socket, call)
      const list = this.#byPort.get(call.port)
      if (list === undefined) this.#byPort.set(call.port, [call])
      else list.push(call)
      this.changes += 1
    } else if (event.oldState === LISTEN && event.newState === CLOSE) {
      this.#close(event.socket, time)
      this.changes += 1
    }
  }

  /** Calls on `port`, of this namespace as far as is known, in force at `time`. */
  at(port: number, time: number): ListenCall[] {
    const list = this.#byPort.get(port)
    if (list === undefined) return []
    return list.filter(
      (call) =>
        call.since <= time &&
        call.until >= time &&
        (call.netns === null || this.#netns === null || call.netns === this.#netns),
    )
  }

  /** Nobody is known to have begun or ended listening on `port` after `time`, in any namespace. */
  isSteady(port: number, time: number): boolean {
    const list = this.#byPort.get(port) ?? []
    return list.every(
      ({ since, until }) => since <= time && (until < time || until === Number.POSITIVE_INFINITY),
    )
  }

  clear(): void {
    this.#open.clear()
    this.#byPort.clear()
    this.#closed.length = 0
    this.changes += 1
  }

  expire(now: number): void {
    while (
      this.#closed.length > 0 &&
      (this.#closed[0]!.until + LINGER < now || this.#closed.length > CAPACITY)
    ) {
      const call = this.#closed.shift()!
      const rest = (this.#byPort.get(call.port) ?? []).filter((other) => other !== call)
      if (rest.length === 0) this.#byPort.delete(call.port)
      else this.#byPort.set(call.port, rest)
    }
  }

  #close(socket: number, time: number): void {
    const call = this.#open.get(socket)
    if (call === undefined) return
    call.until = time
    this.#open.delete(socket)
    this.#closed.push(call)
  }
}

/** True when a listener bound to (`family`, `bound`) takes connections to `to`; `v6only` `null` is not known. */
export function accepts(
  family: number,
  bound: Uint32Array,
  v6only: boolean | null,
  to: Address,
): boolean | undefined {
  const wildcard = (bound[0]! | bound[1]! | bound[2]! | bound[3]!) === 0
  if (family === to.family) return wildcard || bound.every((word, index) => word === to.words[index])
  if (family === 4 || !wildcard) return false
  return v6only === null ? undefined : !v6only
}
