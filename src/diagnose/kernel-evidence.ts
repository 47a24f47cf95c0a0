import type { Endpoint, Side } from '../flow/event.ts'
import type { Mutable } from '../flow/mutable.ts'
import type { Nanos } from '../flow/time.ts'
import type { DropFact, KernelEnd, KernelFact, ResetSentFact, StateFact } from '../kernel/fact.ts'
import { ACK, FIN, PSH, RST, SYN } from '../wire/tcp.ts'
import type { KernelDrop, KernelEvidence } from './evidence.ts'

/** Connections that are remembered; the oldest go first. About 500 bytes each. */
const CAPACITY = 1 << 15
/** How long a closed connection is remembered, ns: packets and questions come late. */
const LINGER = 10e9
/** Kinds of drops of one connection. */
const MAX_DROPS = 16

/** A connect() whose port is not known yet. */
interface Dial {
  readonly at: Nanos
  readonly netns: number | null
  readonly pid?: number
  readonly comm?: string
}

/** What the kernel told of one end. */
interface End {
  state?: string
  netns?: number
  retransmits: number
  error?: { readonly name: string; readonly at: Nanos }
  resetSent?: { readonly fact: ResetSentFact; readonly at: Nanos }
  resetReceived?: Nanos
}

/** All that the kernel told about one connection: both ends, where both are on this machine. */
export class KernelTrace {
  readonly key: string
  readonly proto: 'tcp' | 'udp'
  /** The end whose name comes first in the key, and the other. */
  readonly names: readonly [KernelEnd, KernelEnd]
  readonly ends: readonly [End, End] = [{ retransmits: 0 }, { retransmits: 0 }]
  readonly drops: (Mutable<KernelDrop> & { readonly from: number })[] = []
  readonly began: Nanos
  /** Of the latest fact. */
  last: Nanos
  synAckRetransmits = 0
  retransmitError: string | undefined
  call: { readonly error: string; readonly at: Nanos } | undefined
  /** Which end called connect(), and who. */
  dialler:
    | { readonly end: number; readonly at: Nanos; readonly pid?: number; readonly comm?: string }
    | undefined
  /** When the dialling end became ESTABLISHED. */
  established: Nanos | undefined
  /** SYNs that were dropped on their way out. */
  synsDropped = 0

  constructor(proto: 'tcp' | 'udp', key: string, names: readonly [KernelEnd, KernelEnd], at: Nanos) {
    this.proto = proto
    this.key = key
    this.names = names
    this.began = at
    this.last = at
  }

  /** Both ends closed, as far as they are here. */
  get isClosed(): boolean {
    const [a, b] = this.ends
    return (
      (a.state ?? b.state) !== undefined &&
      (a.state ?? 'CLOSE') === 'CLOSE' &&
      (b.state ?? 'CLOSE') === 'CLOSE'
    )
  }

  /** The kernel told the application of an error, or failed its call. */
  get isFailed(): boolean {
    return this.call !== undefined || this.ends.some(({ error }) => error !== undefined)
  }

  indexOf({ addr, port }: KernelEnd): number {
    const [first] = this.names
    return first.addr === addr && first.port === port ? 0 : 1
  }

  /** Namespaces of the ends, as far as they were told. */
  netns(client: Endpoint): Partial<Record<Side, number>> {
    return pick(this.#sides(client), ({ netns }) => netns)
  }

  /** States of the ends' sockets, as last told. */
  states(client: Endpoint): Partial<Record<Side, string>> {
    return pick(this.#sides(client), ({ state }) => state)
  }

  evidence(
    client: Endpoint,
    {
      netns,
      counters,
      unwatched,
    }: Pick<KernelEvidence, 'netns' | 'counters'> & { unwatched: KernelEvidence['unwatched'] },
  ): KernelEvidence {
    const c = this.indexOf(client)
    const sides = this.#sides(client)
    const [[, clientEnd], [, serverEnd]] = sides
    const evidence: Mutable<KernelEvidence> = {
      states: pick(sides, ({ state }) => state),
      netns,
      drops: this.drops.map(({ from, ...drop }) =>
        placed({ ...drop, sender: from === c ? 'client' : 'server' }, netns),
      ),
      retransmits: { client: clientEnd.retransmits, server: serverEnd.retransmits },
      synAckRetransmits: this.synAckRetransmits,
      counters,
    }
    if (unwatched !== undefined && unwatched.length > 0) evidence.unwatched = unwatched
    if (this.established !== undefined) evidence.established = true
    if (this.call !== undefined) evidence.call = this.call
    if (this.retransmitError !== undefined) evidence.retransmitError = this.retransmitError
    for (const [side, end] of sides) {
      if (end.error !== undefined && evidence.error === undefined) evidence.error = { side, ...end.error }
      if (end.resetReceived !== undefined) evidence.resetReceived = { side, at: end.resetReceived }
      if (end.resetSent === undefined || evidence.resetSent !== undefined) continue
      const { fact, at } = end.resetSent
      evidence.resetSent = { side, reason: fact.reason, state: fact.state, active: fact.active, at }
    }
    return evidence
  }

  #sides(client: Endpoint): readonly [readonly [Side, End], readonly [Side, End]] {
    const c = this.indexOf(client)
    return [
      ['client', this.ends[c]!],
      ['server', this.ends[1 - c]!],
    ]
  }
}

/** At which end a drop was: told by the namespaces, where they differ. */
function placed(drop: KernelDrop, { client, server }: KernelEvidence['netns']): KernelDrop {
  if (drop.netns === null || client === server) return drop
  if (drop.netns === client) return { ...drop, at: 'client' }
  return drop.netns === server ? { ...drop, at: 'server' } : drop
}

function pick<T>(
  sides: readonly (readonly [Side, End])[],
  value: (end: End) => T | undefined,
): Partial<Record<Side, T>> {
  const found: Partial<Record<Side, T>> = {}
  for (const [side, end] of sides) {
    const given = value(end)
    if (given !== undefined) found[side] = given
  }
  return found
}

/**
 * What the kernel told, by connection. Facts are joined by their ends; connect() itself is told before the port is
 * chosen, so it is joined to the next fact of the same socket, by its kernel address.
 */
export class KernelLedger {
  /** Connections forgotten for want of room. */
  forgotten = 0
  readonly #traces = new Map<string, KernelTrace>()
  readonly #dials = new Map<number, Dial>()
  #nextExpiry = 0

  get size(): number {
    return this.#traces.size
  }

  /** Takes the fact in; gives the connection that it is about, `undefined` while its ends are not known. */
  take(fact: KernelFact, at: Nanos): KernelTrace | undefined {
    if (fact.fact === 'drop') return this.#drop(fact, at)
    if (fact.fact === 'state' && fact.from === 'CLOSE' && fact.to === 'SYN_SENT') {
      this.#dial(fact, at)
      return undefined
    }
    if (fact.remote.port === 0 || (fact.local.port === 0 && fact.fact !== 'call')) return undefined
    const dialled = fact.fact === 'state' ? this.#dials.get(fact.socket) : undefined
    const trace = this.#of(fact.proto, fact.local, fact.remote, at, dialled?.at)
    const index = trace.indexOf(fact.local)
    const end = trace.ends[index]!
    trace.last = at
    if (fact.netns !== null) end.netns = fact.netns
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
      case 'call':
        trace.call = { error: fact.error, at }
        trace.dialler = { end: index, at, pid: fact.pid, comm: fact.comm }
        break
      default:
        fact satisfies never
    }
    return trace
  }

  find(proto: 'tcp' | 'udp', a: KernelEnd, b: KernelEnd): KernelTrace | undefined {
    // A file has no kernel: no key is made for its flows.
    return this.#traces.size === 0 ? undefined : this.#traces.get(keyOf(proto, a, b))
  }

  /** States of a connection's sockets, as far as they were told. */
  statesOf(
    proto: 'tcp' | 'udp',
    client: Endpoint,
    server: Endpoint,
  ): Partial<Record<Side, string>> | undefined {
    const states = this.find(proto, client, server)?.states(client)
    return states?.client === undefined && states?.server === undefined ? undefined : states
  }

  /** Forgets what closed long before `now`. */
  expire(now: Nanos): void {
    if (now < this.#nextExpiry) return
    this.#nextExpiry = now + 1e9
    for (const [key, trace] of this.#traces)
      if (
        trace.last + LINGER < now &&
        (trace.isClosed || trace.ends.every(({ state }) => state === undefined))
      )
        this.#traces.delete(key)
  }

  /** Records were lost: the states of connections that are open are not certain any more. */
  clear(): void {
    this.#traces.clear()
    this.#dials.clear()
  }

  #dial(fact: StateFact, at: Nanos): void {
    const { netns, pid, comm } = fact
    if (this.#dials.size >= CAPACITY) this.#dials.delete(this.#dials.keys().next().value!)
    this.#dials.set(fact.socket, {
      at,
      netns,
      ...(pid !== undefined && { pid }),
      ...(comm !== undefined && { comm }),
    })
  }

  #state(trace: KernelTrace, index: number, fact: StateFact, at: Nanos): void {
    trace.ends[index]!.state = fact.to
    const dial = this.#dials.get(fact.socket)
    if (dial !== undefined) {
      this.#dials.delete(fact.socket)
      trace.dialler = {
        end: index,
        at: dial.at,
        ...(dial.pid !== undefined && { pid: dial.pid }),
        ...(dial.comm !== undefined && { comm: dial.comm }),
      }
    }
    if (fact.from === 'SYN_SENT' && fact.to === 'ESTABLISHED') trace.established = at
  }

  #drop(fact: DropFact, at: Nanos): KernelTrace | undefined {
    const { src, dst, proto, reason, location, netns } = fact
    if (src.port === 0 || dst.port === 0) return undefined
    const trace = this.#of(proto, src, dst, at)
    trace.last = at
    const from = trace.indexOf(src)
    const segment = segmentOf(fact)
    if (segment === 'syn') trace.synsDropped++
    const known = trace.drops.find(
      (drop) =>
        drop.from === from && drop.segment === segment && drop.reason === reason && drop.netns === netns,
    )
    if (known !== undefined) known.count++
    else if (trace.drops.length < MAX_DROPS)
      trace.drops.push({ from, sender: 'client', segment, reason, location, netns, count: 1 })
    return trace
  }

  /** `dialled`: when the connect() was called that the fact belongs to. */
  #of(proto: 'tcp' | 'udp', local: KernelEnd, remote: KernelEnd, at: Nanos, dialled?: Nanos): KernelTrace {
    const key = keyOf(proto, local, remote)
    const known = this.#traces.get(key)
    if (known !== undefined) {
      // The same ends again, dialled anew or long after they closed: another connection.
      const isOver = known.isClosed && at - known.last >= 1e9
      if (!isOver && !(dialled !== undefined && known.last < dialled)) return known
      this.#traces.delete(key)
    }
    if (this.#traces.size >= CAPACITY) {
      this.forgotten++
      this.#traces.delete(this.#traces.keys().next().value!)
    }
    const names = isFirst(local, remote) ? ([local, remote] as const) : ([remote, local] as const)
    const trace = new KernelTrace(proto, key, names, at)
    this.#traces.set(key, trace)
    return trace
  }
}

function isFirst(a: KernelEnd, b: KernelEnd): boolean {
  return a.addr === b.addr ? a.port <= b.port : a.addr < b.addr
}

/** The same for both directions. */
export function keyOf(proto: 'tcp' | 'udp', a: KernelEnd, b: KernelEnd): string {
  const [first, second] = isFirst(a, b) ? [a, b] : [b, a]
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

/** Whether a fact can be of a connection in trouble, or of an attempt that ends without a packet to show for it. */
export function isTelling(fact: KernelFact, trace: KernelTrace): boolean {
  switch (fact.fact) {
    case 'error':
    case 'call':
      return true
    case 'state':
      return fact.to === 'CLOSE' && (fact.from === 'SYN_SENT' || trace.isFailed)
    case 'drop':
      return trace.synsDropped > 0
    case 'retransmit':
      return fact.error !== undefined
    case 'reset_sent':
    case 'reset_received':
    case 'retransmit_synack':
      return false
    default:
      return fact satisfies never
  }
}
