import type { Endpoint, Side } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import type { CallFact, DropFact, KernelEnd, KernelFact, StateFact } from '../kernel/fact.ts'
import { isLoopback } from '../wire/address.ts'
import { ACK, FIN, PSH, RST, SYN } from '../wire/tcp-bits.ts'
import { NO_ROW } from './case.ts'
import type { DocketOptions } from './docket-options.ts'
import type { KernelDrop } from './evidence.ts'
import { KernelTrace } from './kernel-evidence.ts'
import type { Planes } from './planes.ts'
import { fail, isByNetwork, isWaitedFor, NO_PORT_LEFT, unnamed } from './waited-call.ts'

/** Connections that are remembered; the oldest go first. About 500 bytes each. */
const CAPACITY = 1 << 15
/** How long a closed connection is remembered, ns: packets and questions come late. */
const LINGER = 10e9
/** Kinds of drops of one connection. */
const MAX_DROPS = 16
/** Connections between the same ends of which cases may still ask. */
const MAX_FOLLOWED = 4
/** Facts about ends that closed this long ago are of another connection, ns. */
const REUSED = 1e9
/** How far the clocks of packets and of the kernel may be apart, ns. */
const CLOCKS_APART = 10e6

/** Which network namespace is captured (`null`: not known), whether another has an address, how late packets are. */
type Places = Pick<Planes, 'netns' | 'has' | 'recall' | 'recallDials' | 'lag'>

type SocketFact = Exclude<KernelFact, DropFact | CallFact>

/** A connect() whose port is not known yet. */
type Dial = Omit<NonNullable<KernelTrace['dialler']>, 'end'>

const ANYWHERE: Places = { netns: null, has: () => true }

/**
 * What the kernel told, by connection. Facts are joined by their ends; connect() itself may be told before the port is
 * chosen, then it is joined to the next fact of the same socket, by its kernel address. A socket that dials anew
 * begins another connection, whatever its ends are.
 *
 * The kernel speaks of every namespace of the machine, and the same address can be in several: another one than the
 * captured is believed only where it has the address of the end that it speaks of, and the captured one has it not.
 */
export class KernelLedger {
  readonly #places: Places
  /** The latest between two ends. */
  readonly #traces = new Map<string, KernelTrace>()
  readonly #dials = new Map<number, Dial>()
  #nextExpiry = 0
  #now = 0

  constructor(places: Places = ANYWHERE) {
    this.#places = places
  }

  get size(): number {
    return this.#traces.size
  }

  /** Takes the fact in; gives the connection that it is about, `undefined` when that is not known or none of ours. */
  take(fact: KernelFact, at: Nanos): KernelTrace | undefined {
    if (fact.fact === 'drop') return this.#drop(fact, at)
    if (fact.fact === 'call') return this.#call(fact, at)
    const { local, remote, netns } = fact
    if (remote.port === 0 || !this.#speaksFor(netns, local.addr)) return undefined
    if (fact.fact === 'state' && fact.from === 'CLOSE' && fact.to === 'SYN_SENT') return this.#dial(fact, at)
    if (local.port === 0) {
      if (fact.fact === 'state' && fact.to === 'CLOSE') this.#dials.delete(fact.socket)
      return undefined
    }
    const trace = this.#of(fact, at)
    const index = trace.indexOf(local)
    const end = trace.ends[index]!
    // Two namespaces with the same address: the first that spoke has it.
    if (netns !== null && end.netns !== undefined && end.netns !== netns) return undefined
    trace.last = at
    if (netns !== null) end.netns = netns
    switch (fact.fact) {
      case 'state':
        this.#state(trace, index, fact, at)
        break
      case 'error':
        end.error ??= { name: fact.error, at }
        break
      case 'reset_sent':
        end.resetSent ??= { fact, at }
        break
      case 'reset_received':
        end.resetReceived ??= at
        break
      case 'retransmit':
        end.retransmits++
        if (end.state === undefined) end.state = fact.state
        if (fact.error !== undefined) trace.retransmitError = fact.error
        break
      case 'retransmit_synack':
        trace.synAckRetransmits++
        break
      default:
        fact satisfies never
    }
    return trace
  }

  /** The latest between these ends. */
  find(proto: 'tcp' | 'udp', a: KernelEnd, b: KernelEnd): KernelTrace | undefined {
    this.#places.recall?.(a, b)
    // A file has no kernel: no key is made for its flows.
    if (this.#traces.size === 0) return undefined
    const trace = this.#traces.get(keyOf(proto, a, b))
    // What was told on demand may have been over for long.
    return trace !== undefined && this.#isForgotten(trace) ? undefined : trace
  }

  /** That of the connection whose first packet was at `start`: neither the one before nor the one after it. */
  at(proto: 'tcp' | 'udp', a: KernelEnd, b: KernelEnd, start: Nanos): KernelTrace | undefined {
    const latest = this.find(proto, a, b)
    let found: KernelTrace | undefined
    for (let trace = latest; trace !== undefined && !trace.isOverBefore(start); trace = trace.previous)
      found = trace
    // All of it may be over before its packets are stamped.
    const { lag = CLOCKS_APART } = this.#places
    if (found === undefined && latest !== undefined && latest.last + lag >= start) found = latest
    const dialled = found?.dialler?.at
    return dialled !== undefined && dialled > start + CLOCKS_APART ? undefined : found
  }

  /** Row of the flow that is this connection, and not one before or after it between the same ends; else NO_ROW. */
  rowOf(trace: KernelTrace, { find, flowAt }: Pick<DocketOptions, 'find' | 'flowAt'>): number {
    const { proto, names } = trace
    const row = find(proto, ...names)
    if (row === NO_ROW) return NO_ROW
    return this.at(proto, ...names, flowAt(row).start as Nanos) === trace ? row : NO_ROW
  }

  /** States of the sockets of the connection whose first packet was at `start`, as far as they were told. */
  statesOf(
    proto: 'tcp' | 'udp',
    client: Endpoint,
    server: Endpoint,
    start: Nanos,
  ): Partial<Record<Side, string>> | undefined {
    const states = this.at(proto, client, server, start)?.states(client)
    return states?.client === undefined && states?.server === undefined ? undefined : states
  }

  /** Forgets what closed long before `now`. */
  expire(now: Nanos): void {
    this.#now = now
    if (now < this.#nextExpiry) return
    this.#nextExpiry = now + 1e9
    for (const [key, trace] of this.#traces) if (this.#isForgotten(trace)) this.#traces.delete(key)
  }

  #isForgotten({ last, isClosed, ends }: KernelTrace): boolean {
    return last + LINGER < this.#now && (isClosed || ends.every(({ state }) => state === undefined))
  }

  /** Records were lost: the states of connections that are open are not certain any more. */
  clear(): void {
    this.#traces.clear()
    this.#dials.clear()
  }

  #speaksFor(netns: number | null, addr: string): boolean {
    const { netns: own } = this.#places
    if (netns === null || own === null || netns === own) return true
    return !isLoopback(addr) && this.#places.has(netns, addr) && !this.#places.has(own, addr)
  }

  /** A socket begins to connect: with a port of its own choice its ends are known already. */
  #dial(fact: StateFact, at: Nanos): KernelTrace | undefined {
    const { local, remote, proto, netns, pid, comm } = fact
    const dial = { at, ...(pid !== undefined && { pid }), ...(comm !== undefined && { comm }) }
    if (local.port === 0) {
      if (this.#dials.size >= CAPACITY) this.#dials.delete(this.#dials.keys().next().value!)
      this.#dials.set(fact.socket, dial)
      return undefined
    }
    this.#dials.delete(fact.socket)
    const known = this.find(proto, local, remote)
    // Both ends may dial each other (RFC 9293 section 3.5).
    const [own, other] = known === undefined ? [] : inOrder(known, local)
    const isSimultaneous = own?.state === undefined && other?.state === 'SYN_SENT'
    const trace = known !== undefined && isSimultaneous ? known : this.#begin(proto, local, remote, at)
    const end = trace.indexOf(local)
    trace.last = at
    trace.ends[end]!.state = 'SYN_SENT'
    if (netns !== null) trace.ends[end]!.netns = netns
    trace.dialler ??= { end, ...dial }
    return trace
  }

  /** Each is an attempt of its own, even of one process to one address; of what it shares with others nothing is known. */
  #call(fact: CallFact, at: Nanos): KernelTrace | undefined {
    const { local, remote, proto, netns, pid, comm } = fact
    const { netns: own } = this.#places
    if (remote.port === 0 || (netns !== null && own !== null && netns !== own)) return undefined
    const known =
      local.port === 0 ? undefined : (this.find(proto, local, remote) ?? unnamed(this.#traces.values(), fact))
    if (known !== undefined && !isReused(known, at) && isWaitedFor(known, fact)) {
      fail(known, fact, at)
      return known
    }
    if (isByNetwork(fact.error) || (known === undefined && this.#hasWaited(fact))) return undefined
    const isDialled = known?.dialler?.pid === pid && known.isClosed && known.established === undefined
    const trace =
      known !== undefined && isDialled && !known.isFailed
        ? known
        : new KernelTrace(proto, keyOf(proto, local, remote), namesOf(local, remote), at)
    const end = trace.indexOf(local)
    trace.last = at
    if (netns !== null) trace.ends[end]!.netns = netns
    trace.call = { error: fact.error, at }
    trace.dialler = { end, at: trace.dialler?.at ?? at, pid, comm }
    return trace
  }

  /** Of a connect() that had waited nothing else was told. */
  #hasWaited({ local, remote, error, pid, socket }: CallFact): boolean {
    if (local.port === 0 || error === NO_PORT_LEFT) return false
    this.#places.recallDials?.(pid, remote.port)
    return this.#dials.delete(socket)
  }

  #state(trace: KernelTrace, index: number, fact: StateFact, at: Nanos): void {
    const end = trace.ends[index]!
    end.state = fact.to
    if (fact.to === 'CLOSE') end.closed = at
    const dial = this.#dials.get(fact.socket)
    if (dial !== undefined) {
      this.#dials.delete(fact.socket)
      // That of an older socket at the same address may be told late.
      if (trace.dialler === undefined || trace.dialler.at <= dial.at) trace.dialler = { end: index, ...dial }
    }
    if (fact.from === 'SYN_SENT' && fact.to === 'ESTABLISHED') trace.established = at
  }

  #drop(fact: DropFact, at: Nanos): KernelTrace | undefined {
    const { src, dst, proto, reason, location, netns } = fact
    if (src.port === 0 || dst.port === 0 || !this.#isOnTheWay(fact)) return undefined
    const known = this.find(proto, src, dst)
    const trace = known === undefined || isReused(known, at) ? this.#begin(proto, src, dst, at) : known
    trace.last = at
    const from = trace.indexOf(src)
    const segment = segmentOf(fact)
    if (segment === 'syn') trace.synsDropped++
    const same = trace.drops.find(
      (drop) =>
        drop.from === from && drop.segment === segment && drop.reason === reason && drop.netns === netns,
    )
    if (same !== undefined) same.count++
    else if (trace.drops.length < MAX_DROPS)
      trace.drops.push({ from, sender: 'client', segment, reason, location, netns, count: 1 })
    return trace
  }

  /** Whether the namespace in which a packet was dropped is that of an end of ours, or one between them. */
  #isOnTheWay({ netns, src, dst }: DropFact): boolean {
    const { netns: own } = this.#places
    if (netns === null || own === null || netns === own) return true
    if (isLoopback(src.addr) || isLoopback(dst.addr)) return false
    const ends = [dst, src].filter(({ addr }) => this.#places.has(netns, addr))
    return ends.every(({ addr }) => !this.#places.has(own, addr))
  }

  #of(fact: SocketFact, at: Nanos): KernelTrace {
    const { proto, local, remote } = fact
    const known = this.find(proto, local, remote)
    const dialled = fact.fact === 'state' ? this.#dials.get(fact.socket)?.at : undefined
    if (fact.fact === 'reset_sent' && known !== undefined && isReused(known, at)) {
      // The answer to what still came for it, long after it was closed, unless somebody dials anew.
      const end = known.ends[known.indexOf(local)]!
      if (end.state === 'CLOSE') end.resetSent ??= { fact, at }
    }
    if (known !== undefined && !isReused(known, at) && !isAnother(known, fact, at, dialled)) return known
    return this.#begin(proto, local, remote, at)
  }

  /** A connection of its own from now on. */
  #begin(proto: 'tcp' | 'udp', local: KernelEnd, remote: KernelEnd, at: Nanos): KernelTrace {
    const key = keyOf(proto, local, remote)
    const trace = new KernelTrace(proto, key, namesOf(local, remote), at)
    const known = this.#traces.get(key)
    if (known !== undefined) {
      known.isFollowed = true
      trace.previous = known
      this.#traces.delete(key)
      let oldest = trace
      for (let kept = 0; kept < MAX_FOLLOWED && oldest.previous !== undefined; kept++)
        oldest = oldest.previous
      oldest.previous = undefined
    }
    if (this.#traces.size >= CAPACITY) this.#traces.delete(this.#traces.keys().next().value!)
    this.#traces.set(key, trace)
    return trace
  }
}

function isReused(known: KernelTrace, at: Nanos): boolean {
  return known.isClosed && at - known.last >= REUSED
}

/** Whether a fact is of another connection than the known one. `dialled`: when the fact's socket began to connect. */
function isAnother(known: KernelTrace, fact: SocketFact, at: Nanos, dialled: Nanos | undefined): boolean {
  const [end, other] = inOrder(known, fact.local)
  if (dialled !== undefined && known.began < dialled) {
    const closed = Math.max(end.closed ?? 0, other.closed ?? 0)
    if (known.last < dialled || (known.isClosed && closed < dialled)) return true
  }
  const isGone = end.closed !== undefined && end.closed < at
  switch (fact.fact) {
    case 'state':
      return isGone && fact.from !== 'CLOSE'
    case 'reset_received':
    case 'retransmit':
      return isGone
    case 'error':
      // The first one is told after the socket was closed for it.
      return isGone && end.error !== undefined
    case 'reset_sent': {
      // Without any socket each is the answer to another attempt.
      const { resetSent } = end
      const isRefused = resetSent !== undefined && resetSent.fact.state === null && fact.state === null
      return isRefused && end.state === undefined && other.state === undefined
    }
    case 'retransmit_synack':
      return false
    default:
      return fact satisfies never
  }
}

/** The end of that name, and the other one. */
function inOrder(trace: KernelTrace, local: KernelEnd): KernelTrace['ends'] {
  const [first, second] = trace.ends
  return trace.indexOf(local) === 0 ? [first, second] : [second, first]
}

function isFirst(a: KernelEnd, b: KernelEnd): boolean {
  return a.addr === b.addr ? a.port <= b.port : a.addr < b.addr
}

function namesOf(a: KernelEnd, b: KernelEnd): readonly [KernelEnd, KernelEnd] {
  return isFirst(a, b) ? [a, b] : [b, a]
}

/** The same for both directions. */
export function keyOf(proto: 'tcp' | 'udp', a: KernelEnd, b: KernelEnd): string {
  const [first, second] = namesOf(a, b)
  return `${proto} ${first.addr} ${first.port} ${second.addr} ${second.port}`
}

function segmentOf({ proto, icmp, flags }: DropFact): KernelDrop['segment'] {
  if (icmp) return 'icmp'
  if (proto === 'udp') return 'datagram'
  if (flags & RST) return 'rst'
  if (flags & SYN) return flags & ACK ? 'syn_ack' : 'syn'
  if (flags & FIN) return 'fin'
  return flags & PSH ? 'data' : 'ack'
}
