import type { Endpoint, Side } from '../flow/event.ts'
import type { Mutable } from '../flow/mutable.ts'
import type { Nanos } from '../flow/time.ts'
import type { KernelEnd, KernelFact, ResetSentFact } from '../kernel/fact.ts'
import type { KernelDrop, KernelEvidence } from './evidence.ts'

/** What the kernel told of one end. */
interface End {
  state?: string
  /** When its socket was closed. */
  closed?: Nanos
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
  /** The one before it between the same ends. */
  previous: KernelTrace | undefined
  /** Another one between the same ends has begun. */
  isFollowed = false

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

  /** One of its ends is in that namespace. */
  isOf(netns: number | null): boolean {
    return this.ends.some((end) => end.netns === netns)
  }

  /** Nothing of it happened at `at` or later. */
  isOverBefore(at: Nanos): boolean {
    return (this.isFollowed || this.isClosed) && this.last < at
  }

  /** The kernel told the application of an error, or failed its call. */
  get isFailed(): boolean {
    return this.call !== undefined || this.ends.some(({ error }) => error !== undefined)
  }

  /** When it first was. */
  get failedAt(): Nanos | undefined {
    const times = [this.call, ...this.ends.map(({ error }) => error)].flatMap((failure) => failure?.at ?? [])
    return times.length === 0 ? undefined : (Math.min(...times) as Nanos)
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
