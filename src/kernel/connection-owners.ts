import type { Address } from '../wire/address.ts'
import { ConnectTable } from './connect-table.ts'
import { CLOSE, type StateChange, SYN_SENT } from './state-event.ts'
import type { TracedProcess } from './traced-process.ts'

/** How long the owner of a closed connection is remembered: late segments, and questions asked late. */
const LINGER = 10e9
/**
 * A packet may seem older than the connect() that caused it by this much: both clocks are the kernel's, the
 * offset between them is measured to well under 1 µs, a time-stamping card may be further off.
 */
const CLOCK_SLACK = 100e3
/** One connect(), as it is known when somebody asks. */
export interface Connect {
  readonly row: number
  readonly process: TracedProcess | undefined
  /** Inode of the network namespace; `null` when it is not known. */
  readonly netns: number | null
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
  /** Each from CLOSE→SYN_SENT on; those whose port is not known yet have 0. */
  readonly #table = new ConnectTable()

  /** `netns` is the inode of the namespace that packets are seen in; `null` when that cannot be told. */
  constructor(netns: number | null) {
    this.#netns = netns
  }

  /** Connections held, closed ones that linger included. */
  get size(): number {
    return this.#table.size
  }

  /** A state change; `process` is read only for CLOSE→SYN_SENT, the one that is made by connect() itself. */
  state(event: StateChange, time: number, process: TracedProcess | undefined): void {
    const table = this.#table
    const known = table.ofSocket(event.socket)
    if (event.oldState === CLOSE && event.newState === SYN_SENT) {
      if (known >= 0) this.#end(known, time)
      table.add(event, time, process)
    } else if (known >= 0) {
      if (table.localPort[known] === 0 && event.localPort !== 0 && this.#isSame(known, event))
        table.setPort(known, event.localPort)
      if (event.newState === CLOSE) this.#end(known, time)
    }
  }

  /** The port of a connection became known. */
  confirm({ row }: Connect, localPort: number): void {
    this.#table.setPort(row, localPort)
  }

  /** Records were lost: nothing that is known is certain any more. */
  clear(): void {
    this.#table.clear()
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
    const candidates = this.#between(local, localPort, remote, remotePort, time).filter(
      (row) => !this.#isForeign(row),
    )
    const chosen = this.#choose(candidates, time)
    if (chosen === undefined) return undefined
    if (this.#isOurs(chosen) && this.#table.ended[chosen]! >= time) return this.#connect(chosen)
    // Closed, or perhaps of another namespace: the packet may be of one whose port is not known yet.
    const rivals = this.candidates(local, remote, remotePort, time)
    const pid = this.#pid(chosen)
    return rivals.every(({ process }) => process?.pid === pid) ? this.#connect(chosen) : undefined
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
    const meant = (port: number): number[] =>
      this.#between(local, port, remote, remotePort, time).filter((row) => !this.#isOurs(row))
    const [only, ...more] = meant(localPort)
    const process = only === undefined ? undefined : this.#table.process(only)
    // A closed one too: its last packets may be seen beside those of an open one in another namespace.
    if (process === undefined || more.some((row) => this.#pid(row) !== process.pid)) return undefined
    // One whose port is not known yet may be it as well.
    return meant(0).every((row) => this.#pid(row) === process.pid) ? process : undefined
  }

  /**
   * Connections from `local` to `remote` that were under way at `time` and whose port is not known yet: one of
   * them may be the one. Only a look at the socket itself can tell.
   */
  candidates(local: Address, remote: Address, remotePort: number, time: number): Connect[] {
    return this.#between(local, 0, remote, remotePort, time)
      .filter((row) => !this.#isForeign(row))
      .map((row) => this.#connect(row))
  }

  /** Forgets what ended long before `now`. */
  expire(now: number): void {
    const table = this.#table
    for (let row = table.oldestEnded; row >= 0 && table.ended[row]! + LINGER < now; row = table.oldestEnded)
      table.remove(row)
  }

  #end(row: number, time: number): void {
    // No port was ever chosen (EADDRNOTAVAIL): no packet was sent.
    if (this.#table.localPort[row] === 0) this.#table.remove(row)
    else this.#table.end(row, time)
  }

  #connect(row: number): Connect {
    const { netns } = this.#table
    return { row, process: this.#table.process(row), netns: netns[row]! || null }
  }

  #pid(row: number): number | undefined {
    return this.#table.process(row)?.pid
  }

  /** Those between these ends that may have been there at `time`, in order of their beginning. */
  #between(local: Address, localPort: number, remote: Address, remotePort: number, time: number): number[] {
    const table = this.#table
    const found: number[] = []
    for (let row = table.ofPorts(localPort, remotePort); row >= 0; row = table.next(row)) {
      const isBetween =
        table.family[row] === local.family &&
        table.family[row] === remote.family &&
        hasWords(table.local, row, local.words) &&
        hasWords(table.remote, row, remote.words)
      if (isBetween && table.began[row]! <= time + CLOCK_SLACK && table.ended[row]! + LINGER >= time)
        found.push(row)
    }
    return found.sort((a, b) => table.began[a]! - table.began[b]!)
  }

  /**
   * Of the connections that used these very ends, the one of `time`. In one namespace they follow each other; so
   * one that overlaps a connection known to be ours belongs to another namespace, and two that overlap and are
   * both of unknown namespace cannot be told apart.
   */
  #choose(candidates: readonly number[], time: number): number | undefined {
    if (candidates.length < 2) return candidates[0]
    const { began } = this.#table
    const ours = candidates.filter((row) => this.#isOurs(row))
    const possible = candidates.filter(
      (row) => this.#isOurs(row) || !ours.some((other) => this.#overlap(row, other)),
    )
    const chosen = possible.findLast((row) => began[row]! <= time)
    const only = chosen ?? possible[0]
    const isOne = possible.every((row) => this.#pid(row) === this.#pid(only!))
    // Without a choice all of them began within the slack after `time`.
    return (chosen !== undefined && this.#isOurs(chosen)) || isOne ? only : undefined
  }

  #isOurs(row: number): boolean {
    const netns = this.#table.netns[row]!
    return netns !== 0 && netns === this.#netns
  }

  #isForeign(row: number): boolean {
    const netns = this.#table.netns[row]!
    return netns !== 0 && this.#netns !== null && netns !== this.#netns
  }

  #overlap(one: number, other: number): boolean {
    const { began, ended } = this.#table
    return began[one]! <= ended[other]! && began[other]! <= ended[one]!
  }

  /** A later record of the same socket: the ends must still be those of its connect(). */
  #isSame(row: number, event: StateChange): boolean {
    const { remotePort, family, local, remote } = this.#table
    return (
      remotePort[row] === event.remotePort &&
      family[row] === event.family &&
      hasWords(local, row, event.local) &&
      hasWords(remote, row, event.remote)
    )
  }
}

function hasWords(column: Uint32Array, row: number, words: Uint32Array): boolean {
  const at = 4 * row
  return (
    column[at] === words[0] &&
    column[at + 1] === words[1] &&
    column[at + 2] === words[2] &&
    column[at + 3] === words[3]
  )
}
