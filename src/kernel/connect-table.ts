import { bucketOf } from './bucket.ts'
import type { StateChange } from './state-event.ts'
import type { TracedProcess } from './traced-process.ts'

/** Rows of 88 bytes: 11 MB, of which the kernel gives the pages that are written. Who ended longest ago makes room. */
const CAPACITY = 1 << 17
const BUCKETS = 1 << 16
const NONE = -1
/** A row is in one of two orders: open ones by their beginning, ended ones by their end. */
const OPEN = 0
const ENDED = 1

/**
 * Connections that this machine began, a row each in columns: a busy one begins and forgets twenty thousand a second, and
 * as objects those would be most of what the collector has to do. Rows are found by the socket's kernel address while they
 * are open, and by both ports; the local one is 0 until it is known.
 */
export class ConnectTable {
  readonly socket: Float64Array
  /** ns of the records' clock; `ended` is `Infinity` while it is open. */
  readonly began: Float64Array
  readonly ended: Float64Array
  /** Inode of the network namespace; 0 when it is not known. */
  readonly netns: Uint32Array
  readonly family: Uint8Array
  /** Four words each. */
  readonly local: Uint32Array
  readonly remote: Uint32Array
  readonly localPort: Uint16Array
  readonly remotePort: Uint16Array
  readonly #capacity: number
  readonly #process: (TracedProcess | undefined)[] = []
  /** Rows ever used, and of those the free ones, linked by `#after`. */
  #used = 0
  #free = NONE
  #size = 0
  readonly #bySocket = new Int32Array(BUCKETS).fill(NONE)
  readonly #nextBySocket: Int32Array
  readonly #byPorts = new Int32Array(BUCKETS).fill(NONE)
  readonly #nextByPorts: Int32Array
  readonly #previousByPorts: Int32Array
  readonly #oldest = Int32Array.of(NONE, NONE)
  readonly #youngest = Int32Array.of(NONE, NONE)
  readonly #before: Int32Array
  readonly #after: Int32Array

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity
    this.socket = new Float64Array(capacity)
    this.began = new Float64Array(capacity)
    this.ended = new Float64Array(capacity)
    this.netns = new Uint32Array(capacity)
    this.family = new Uint8Array(capacity)
    this.local = new Uint32Array(4 * capacity)
    this.remote = new Uint32Array(4 * capacity)
    this.localPort = new Uint16Array(capacity)
    this.remotePort = new Uint16Array(capacity)
    this.#nextBySocket = new Int32Array(capacity)
    this.#nextByPorts = new Int32Array(capacity)
    this.#previousByPorts = new Int32Array(capacity)
    this.#before = new Int32Array(capacity)
    this.#after = new Int32Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  process(row: number): TracedProcess | undefined {
    return this.#process[row]
  }

  /** A row for the connect() that the change (borrowed) is. */
  add(change: StateChange, time: number, process: TracedProcess | undefined): number {
    if (this.#size === this.#capacity)
      this.remove(this.oldestEnded >= 0 ? this.oldestEnded : this.#oldest[OPEN]!)
    const row = this.#take()
    this.socket[row] = change.socket
    this.began[row] = time
    this.ended[row] = Number.POSITIVE_INFINITY
    this.netns[row] = change.netns ?? process?.netns ?? 0
    this.family[row] = change.family
    for (let word = 0; word < 4; word++) {
      this.local[4 * row + word] = change.local[word]!
      this.remote[4 * row + word] = change.remote[word]!
    }
    this.localPort[row] = 0
    this.remotePort[row] = change.remotePort
    this.#process[row] = process
    const bucket = bucketOf(change.socket)
    this.#nextBySocket[row] = this.#bySocket[bucket]!
    this.#bySocket[bucket] = row
    this.#linkPorts(row)
    this.#append(row, OPEN)
    return row
  }

  /** The open connection of a socket; -1 when there is none. */
  ofSocket(socket: number): number {
    let row = this.#bySocket[bucketOf(socket)]!
    while (row >= 0 && this.socket[row] !== socket) row = this.#nextBySocket[row]!
    return row
  }

  /** The first connection between two ports, the one that got them last, and the one after `row`; -1 at the end. */
  ofPorts(local: number, remote: number): number {
    return this.#match(this.#byPorts[bucketOf(local * 0x10000 + remote)]!, local, remote)
  }

  next(row: number): number {
    return this.#match(this.#nextByPorts[row]!, this.localPort[row]!, this.remotePort[row]!)
  }

  /** Its local port became known. */
  setPort(row: number, local: number): void {
    this.#unlinkPorts(row)
    this.localPort[row] = local
    this.#linkPorts(row)
  }

  /** It is over: its socket's address may be another's from now on. */
  end(row: number, time: number): void {
    if (this.ended[row] !== Number.POSITIVE_INFINITY) return
    this.#unlinkSocket(row)
    this.#detach(row, OPEN)
    this.ended[row] = time
    this.#append(row, ENDED)
  }

  /** Which ended longest ago; -1 when none has. */
  get oldestEnded(): number {
    return this.#oldest[ENDED]!
  }

  remove(row: number): void {
    const isOpen = this.ended[row] === Number.POSITIVE_INFINITY
    if (isOpen) this.#unlinkSocket(row)
    this.#unlinkPorts(row)
    this.#detach(row, isOpen ? OPEN : ENDED)
    this.#process[row] = undefined
    this.#after[row] = this.#free
    this.#free = row
    this.#size--
  }

  clear(): void {
    this.#bySocket.fill(NONE)
    this.#byPorts.fill(NONE)
    this.#oldest.fill(NONE)
    this.#youngest.fill(NONE)
    this.#process.length = 0
    this.#used = 0
    this.#free = NONE
    this.#size = 0
  }

  #take(): number {
    this.#size++
    const row = this.#free
    if (row < 0) return this.#used++
    this.#free = this.#after[row]!
    return row
  }

  #match(from: number, local: number, remote: number): number {
    let row = from
    while (row >= 0 && (this.localPort[row] !== local || this.remotePort[row] !== remote))
      row = this.#nextByPorts[row]!
    return row
  }

  #unlinkSocket(row: number): void {
    const bucket = bucketOf(this.socket[row]!)
    const next = this.#nextBySocket[row]!
    let at = this.#bySocket[bucket]!
    if (at === row) this.#bySocket[bucket] = next
    else {
      while (this.#nextBySocket[at] !== row) at = this.#nextBySocket[at]!
      this.#nextBySocket[at] = next
    }
  }

  #linkPorts(row: number): void {
    const bucket = this.#bucketOfPorts(row)
    const next = this.#byPorts[bucket]!
    this.#nextByPorts[row] = next
    this.#previousByPorts[row] = NONE
    if (next >= 0) this.#previousByPorts[next] = row
    this.#byPorts[bucket] = row
  }

  #unlinkPorts(row: number): void {
    const next = this.#nextByPorts[row]!
    const previous = this.#previousByPorts[row]!
    if (next >= 0) this.#previousByPorts[next] = previous
    if (previous >= 0) this.#nextByPorts[previous] = next
    else this.#byPorts[this.#bucketOfPorts(row)] = next
  }

  #bucketOfPorts(row: number): number {
    return bucketOf(this.localPort[row]! * 0x10000 + this.remotePort[row]!)
  }

  #append(row: number, order: number): void {
    const last = this.#youngest[order]!
    this.#before[row] = last
    this.#after[row] = NONE
    if (last >= 0) this.#after[last] = row
    else this.#oldest[order] = row
    this.#youngest[order] = row
  }

  #detach(row: number, order: number): void {
    const before = this.#before[row]!
    const after = this.#after[row]!
    if (before >= 0) this.#after[before] = after
    else this.#oldest[order] = after
    if (after >= 0) this.#before[after] = before
    else this.#youngest[order] = before
  }
}
