import { BUCKETS, bucketOf } from './bucket.ts'
import type { ChangeMemory } from './change-log.ts'
import type { KernelFact } from './fact.ts'
import { FactReader, type KernelNames } from './fact-reader.ts'
import type { CommonLayout } from './layout.ts'
import { RecentSet } from './recent-set.ts'
import { CHANGE, CHANGE_LENGTH, pidOf, RECORD, socketAt } from './ring-record.ts'
import { CLOSE, LISTEN, SYN_SENT } from './state-event.ts'

/** Changes that are kept, a power of two: four or ten for a connection, 5 MB. */
const CAPACITY = 1 << 16
/** Pairs of ports, callers and sockets whose changes are told at once: as many at least, twice as many at most. */
const FOLLOWED = 1 << 15
/** After twice this, ns, whoever asked has to ask again: connections that are over are remembered for 10 s. */
const ASKED = 10e9
/** Above every number of two ports and every address of a socket (48 bits), so that one index serves for both. */
const SOCKETS = 2 ** 48
const WORDS = CHANGE_LENGTH / 4

type Give = (fact: KernelFact) => void

/**
 * Changes of state that nobody has asked for yet, as the programs wrote them. Nearly all connections go well, and of
 * those nobody ever asks: to note a change down takes 0.1 µs, to make a fact of it and to join it to others 3 µs.
 *
 * What is told of two ports is told in order of time: from the first question about them on their changes are told at
 * once. So are listeners, attempts that failed, and whatever follows from those.
 */
export class StateLog {
  readonly #words = new Int32Array(CAPACITY * WORDS)
  readonly #view = new DataView(this.#words.buffer)
  readonly #reader: FactReader
  /** By what a change is found: its two ports, or the socket of a connect() that has no port yet. */
  readonly #keys = new Float64Array(CAPACITY)
  readonly #told = new Uint8Array(CAPACITY)
  /** Number of the connect() that was told last of a socket: the one that whoever is told takes its next change for. */
  readonly #lastDials = new Map<number, number>()
  /** Number of the latest change of each bucket, and of the one before each; they count from 1. */
  readonly #latest = new Float64Array(BUCKETS)
  readonly #before = new Float64Array(CAPACITY)
  #count = 0
  /** The same of connect() alone, by caller and remote port; and the local port of each, 0 until it is known. */
  readonly #latestCalls = new Float64Array(BUCKETS)
  readonly #callBefore = new Float64Array(CAPACITY)
  readonly #dialPorts = new Uint16Array(CAPACITY)
  readonly #pairs = new RecentSet(FOLLOWED)
  readonly #callers = new RecentSet(FOLLOWED)
  readonly #sockets = new RecentSet(FOLLOWED)
  #turned = 0

  constructor(common: CommonLayout, names: KernelNames) {
    this.#reader = new FactReader(new Uint8Array(this.#words.buffer), common, names)
  }

  /** Whether `take` would tell the change at `offset` of a memory, or something of its connection, as somebody has asked. */
  wants(view: DataView, offset: number): boolean {
    this.#turn(upperTime(view, offset))
    const local = view.getUint16(offset + CHANGE.port)
    const isDial = view.getUint8(offset + CHANGE.from) === CLOSE
    return (
      (local !== 0 && this.#pairs.has(pairOf(local, view.getUint16(offset + CHANGE.remotePort)))) ||
      this.#sockets.has(socketAt(view, offset)) ||
      (isDial && this.#callers.has(this.#callerAt(view, offset)))
    )
  }

  /**
   * Notes down the change at `offset` of the memory that it came in, a record of `length` bytes; false when it is to be told
   * now: what belongs before it was.
   */
  take(memory: ChangeMemory, offset: number, length: number, give: Give): boolean {
    const ring = memory.view
    this.#turn(upperTime(ring, offset))
    const from = ring.getUint8(offset + CHANGE.from)
    const to = ring.getUint8(offset + CHANGE.to)
    // Not the children of a listener, which begin as its copies.
    if (to === LISTEN || (from === LISTEN && to === CLOSE)) return false
    const local = ring.getUint16(offset + CHANGE.port)
    const remote = ring.getUint16(offset + CHANGE.remotePort)
    const socket = socketAt(ring, offset)
    const pair = pairOf(local, remote)
    if (from === SYN_SENT) this.#namePort(socket, local)
    if (from === CLOSE && to === SYN_SENT) {
      if (this.#callers.has(this.#callerAt(ring, offset))) this.#sockets.add(socket)
      // Also with a port: no older connect() of a socket at this address is its own.
      this.#note(memory, offset, length, SOCKETS + socket)
      this.#noteCall()
      if (local === 0) {
        if (this.#sockets.has(socket)) this.#tellDial(socket, give)
        return true
      }
    } else if (from === SYN_SENT && to === CLOSE) {
      this.recall(local, remote, give)
      this.#tellDial(socket, give)
      return false
    }
    // A child has no other end at first (inet_csk_clone_lock): nobody could ask for it.
    if (remote === 0) return true
    if ((local !== 0 && this.#pairs.has(pair)) || this.#sockets.has(socket)) {
      if (local !== 0) this.recall(local, remote, give)
      if (from === SYN_SENT) this.#tellDial(socket, give)
      else if (from === CLOSE) this.#dialTold(socket, this.#count)
      return false
    }
    this.#note(memory, offset, length, pair)
    return true
  }

  /** Tells what happened between these ports, in either direction and at any address. */
  recall(a: number, b: number, give: Give): void {
    const pair = pairOf(a, b)
    if (a === 0 || b === 0 || this.#pairs.has(pair)) return
    // First, since whoever is told may ask the same again.
    this.#pairs.add(pair)
    const found: number[] = []
    for (let at = this.#last(pair); at > 0; at = this.#earlier(at, pair)) found.push(at)
    for (const at of found.reverse()) this.#tell(at, give)
  }

  /** Tells which connections process `pid` has begun to this port. */
  recallDials(pid: number, port: number, give: Give): void {
    const caller = callerOf(pid, port)
    if (this.#callers.has(caller)) return
    this.#callers.add(caller)
    const ports: number[] = []
    const waiting = new Set<number>()
    let at = this.#latestCalls[bucketOf(caller)]!
    for (; at > 0 && at > this.#count - CAPACITY; at = this.#callBefore[at % CAPACITY]!) {
      const offset = offsetOf(at)
      if (this.#callerAt(this.#view, offset) !== caller) continue
      // At a second connect() of a socket it may be that of its first one.
      const before = this.#view.getUint16(offset + CHANGE.port)
      const local = this.#dialPorts[at % CAPACITY]!
      if (local === 0) waiting.add(socketAt(this.#view, offset))
      else if (local !== before) ports.push(local)
      if (before !== 0) ports.push(before)
    }
    for (const local of ports.reverse()) this.recall(local, port, give)
    // Their ports are not certain yet.
    for (const socket of [...waiting].reverse()) {
      this.#sockets.add(socket)
      this.#tellDial(socket, give)
    }
  }

  /** Records were lost: what is noted down is not whole. */
  clear(): void {
    this.#latest.fill(0)
    this.#latestCalls.fill(0)
    this.#pairs.clear()
    this.#callers.clear()
    this.#sockets.clear()
    this.#lastDials.clear()
  }

  #turn(now: number): void {
    if (now - this.#turned < ASKED) return
    this.#turned = now
    this.#pairs.turn()
    this.#callers.turn()
    this.#sockets.turn()
  }

  #note({ words: from }: ChangeMemory, offset: number, length: number, key: number): void {
    const at = ++this.#count
    const slot = at % CAPACITY
    const words = this.#words
    const end = (offset + length) >>> 2
    for (let to = slot * WORDS, word = offset >>> 2; word < end; word++) words[to++] = from[word]!
    const bucket = bucketOf(key)
    this.#keys[slot] = key
    this.#told[slot] = 0
    this.#before[slot] = this.#latest[bucket]!
    this.#latest[bucket] = at
  }

  /** The change that was noted last is a connect(). */
  #noteCall(): void {
    const at = this.#count
    const slot = at % CAPACITY
    const bucket = bucketOf(this.#callerAt(this.#view, offsetOf(at)))
    this.#dialPorts[slot] = 0
    this.#callBefore[slot] = this.#latestCalls[bucket]!
    this.#latestCalls[bucket] = at
  }

  /** The latest connect() of a socket got its port. */
  #namePort(socket: number, local: number): void {
    const at = this.#last(SOCKETS + socket)
    if (at > 0 && this.#dialPorts[at % CAPACITY] === 0) this.#dialPorts[at % CAPACITY] = local
  }

  #callerAt(view: DataView, offset: number): number {
    return callerOf(
      pidOf(view.getUint32(offset + CHANGE.pid, true)),
      view.getUint16(offset + CHANGE.remotePort),
    )
  }

  #tell(at: number, give: Give): void {
    const slot = at % CAPACITY
    if (this.#told[slot] === 1) return
    const offset = offsetOf(at)
    if (this.#view.getUint8(offset + CHANGE.from) === SYN_SENT)
      this.#tellDial(socketAt(this.#view, offset), give, at)
    this.#give(at, give)
  }

  /**
   * The connect() of a socket, the latest before change `until`, comes before the rest of its connection: again, when
   * that of another connection of the socket was told since.
   */
  #tellDial(socket: number, give: Give, until = Number.POSITIVE_INFINITY): void {
    const key = SOCKETS + socket
    let at = this.#last(key)
    while (at > until) at = this.#earlier(at, key)
    // One that has a port is found by its ports.
    if (at === 0 || this.#view.getUint16(offsetOf(at) + CHANGE.port) !== 0) return
    if (this.#told[at % CAPACITY] === 1 && this.#lastDials.get(socket) === at) return
    this.#give(at, give)
  }

  /** Whoever is told takes the next change of the socket for one of this connect(). */
  #dialTold(socket: number, at: number): void {
    if (this.#lastDials.size >= FOLLOWED) this.#lastDials.clear()
    this.#lastDials.set(socket, at)
  }

  #give(at: number, give: Give): void {
    this.#told[at % CAPACITY] = 1
    if (this.#view.getUint8(offsetOf(at) + CHANGE.from) === CLOSE)
      this.#dialTold(socketAt(this.#view, offsetOf(at)), at)
    const fact = this.#reader.read(offsetOf(at), CHANGE_LENGTH)
    if (fact !== undefined) give(fact)
  }

  /** Number of the latest change with this key; 0 when there is none any more. */
  #last(key: number): number {
    return this.#match(this.#latest[bucketOf(key)]!, key)
  }

  #earlier(at: number, key: number): number {
    return this.#match(this.#before[at % CAPACITY]!, key)
  }

  #match(from: number, key: number): number {
    let at = from
    // A link that is older than everything kept leads to what took its place.
    while (at > 0 && at > this.#count - CAPACITY) {
      if (this.#keys[at % CAPACITY] === key) return at
      at = this.#before[at % CAPACITY]!
    }
    return 0
  }
}

function offsetOf(at: number): number {
  return (at % CAPACITY) * CHANGE_LENGTH
}

/** When the change was, to 4 s, ns. */
function upperTime(view: DataView, offset: number): number {
  return view.getUint32(offset + RECORD.time + 4, true) * 0x1_0000_0000
}

/** The same for both directions. */
function pairOf(a: number, b: number): number {
  return a < b ? a * 0x10000 + b : b * 0x10000 + a
}

function callerOf(pid: number, port: number): number {
  return pid * 0x10000 + port
}
