import type { Endpoint } from './event.ts'
import type { ConnState, FlowRecord, FlowSide, Outcome } from './record.ts'

/** Upper bounds of the round trip histogram, ms; a last bucket has what is above. */
export const RTT_BOUNDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const

/** Addresses and services that are counted exactly; beyond, the smallest half makes room. */
const MOST_TALKERS = 65_536

/** What one address, or one service, had to do with. Directions are as seen from it. */
export interface Talker {
  readonly addr: string
  /** A service's port. */
  readonly port?: number
  flows: number
  packets_sent: number
  packets_received: number
  /** Payload, repeated bytes included. */
  bytes_sent: number
  bytes_received: number
  /** Segments sent again, by it. */
  retransmissions: number
  /** Flows that did not come about: refused, timeout, unreachable. */
  failed: number
}

export interface Conversation {
  readonly flow: number
  readonly proto: FlowRecord['proto']
  readonly client: Endpoint
  readonly server: Endpoint
  readonly packets: number
  readonly client_bytes: number
  readonly server_bytes: number
  readonly duration_ms: number
  readonly outcome: Outcome
}

/** Minimum, mean and maximum of round trips, ms. */
export class RttSummary {
  samples = 0
  min = Number.POSITIVE_INFINITY
  max = 0
  #sum = 0

  get avg(): number {
    return this.#sum / this.samples
  }

  add(avg: number, samples = 1, min = avg, max = avg): void {
    this.samples += samples
    this.#sum += avg * samples
    if (min < this.min) this.min = min
    if (max > this.max) this.max = max
  }
}

/** The largest talkers among any number, in bounded memory. */
class Talkers {
  readonly #byKey = new Map<string, Talker>()
  readonly #most: number
  /** Some had to make room: counts of those that came back may be too small. */
  approximate = false

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#byKey.size
  }

  of(addr: string, port?: number): Talker {
    const key = port === undefined ? addr : `${addr} ${port}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    if (this.#byKey.size >= this.#most) this.#makeRoom()
    const talker: Talker = {
      addr,
      ...(port === undefined ? {} : { port }),
      flows: 0,
      packets_sent: 0,
      packets_received: 0,
      bytes_sent: 0,
      bytes_received: 0,
      retransmissions: 0,
      failed: 0,
    }
    this.#byKey.set(key, talker)
    return talker
  }

  top(count: number): Talker[] {
    return [...this.#byKey.values()].sort(bySize).slice(0, count)
  }

  #makeRoom(): void {
    this.approximate = true
    const entries = [...this.#byKey].sort(([, a], [, b]) => bySize(a, b))
    for (const [key] of entries.slice(this.#most >> 1)) this.#byKey.delete(key)
  }
}

/** Most payload first, then most packets, then most flows; then those seen first. */
function bySize(a: Talker, b: Talker): number {
  const bytes = b.bytes_sent + b.bytes_received - (a.bytes_sent + a.bytes_received)
  const packets = b.packets_sent + b.packets_received - (a.packets_sent + a.packets_received)
  return bytes || packets || b.flows - a.flows
}

const TROUBLES = [
  'retransmissions',
  'fast_retransmissions',
  'spurious_retransmissions',
  'out_of_order',
  'lost_segments',
  'dup_acks',
  'zero_windows',
  'resets',
] as const

/** What all flows of a run come to, from their records; its memory does not grow with their number. */
export class Statistics {
  readonly flows: Record<FlowRecord['proto'], number> = { tcp: 0, udp: 0, icmp: 0 }
  packets = 0
  tcpPackets = 0
  /** Payload, repeated bytes included, and TCP payload counted once. */
  wireBytes = 0
  bytes = 0
  missedBytes = 0
  readonly outcomes = new Map<Outcome, number>()
  readonly connStates = new Map<ConnState, number>()
  /** TCP endpoints by the state in which their flow's record was made. */
  readonly states = new Map<string, number>()
  readonly troubles = new Map<(typeof TROUBLES)[number], number>(TROUBLES.map((name) => [name, 0]))
  /** SYN to third ACK, one a connection; the counts of its histogram stand for RTT_BOUNDS. */
  readonly handshakes = new RttSummary()
  readonly histogram: number[] = new Array<number>(RTT_BOUNDS.length + 1).fill(0)
  /** Segment to acknowledgement, over both directions of all connections. */
  readonly roundTrips = new RttSummary()
  readonly endpoints: Talkers
  readonly services: Talkers
  readonly #most: number
  #conversations: Conversation[] = []

  /** `conversations` is how many of the largest are kept. */
  constructor(conversations: number, talkers: number = MOST_TALKERS) {
    this.#most = conversations
    this.endpoints = new Talkers(talkers)
    this.services = new Talkers(talkers)
  }

  get conversations(): readonly Conversation[] {
    return [...this.#conversations].sort(byPayload).slice(0, this.#most)
  }

  add(record: FlowRecord): void {
    const { client, server, outcome } = record
    this.flows[record.proto]++
    this.packets += client.packets + server.packets
    this.wireBytes += client.wire_bytes + server.wire_bytes
    this.bytes += client.bytes + server.bytes
    this.missedBytes += record.missed_bytes
    count(this.outcomes, outcome)
    if (record.proto === 'tcp') this.#addTcp(record)
    const failed = outcome === 'refused' || outcome === 'timeout' || outcome === 'unreachable' ? 1 : 0
    addTo(this.endpoints.of(client.addr), client, server, failed)
    const peer = this.endpoints.of(server.addr)
    addTo(peer, server, client, failed)
    if (client.addr === server.addr) {
      // It talks to itself: one flow, of which it sent and received every packet.
      peer.flows--
      peer.failed -= failed
    }
    if (record.proto !== 'icmp') addTo(this.services.of(server.addr, server.port), server, client, failed)
    this.#remember(record)
  }

  #addTcp(record: FlowRecord): void {
    this.tcpPackets += record.client.packets + record.server.packets
    count(this.connStates, record.conn_state)
    if (record.wire_state !== undefined) {
      count(this.states, record.wire_state.client)
      count(this.states, record.wire_state.server)
    }
    for (const side of [record.client, record.server]) {
      for (const name of TROUBLES) this.troubles.set(name, this.troubles.get(name)! + side[name])
      const rtt = side.rtt_ms
      if (rtt !== undefined) this.roundTrips.add(rtt.avg, rtt.samples, rtt.min, rtt.max)
    }
    const rtt = record.handshake?.rtt_ms ?? null
    if (rtt === null) return
    this.handshakes.add(rtt)
    const bucket = RTT_BOUNDS.findIndex((bound) => rtt <= bound)
    this.histogram[bucket < 0 ? RTT_BOUNDS.length : bucket]!++
  }

  #remember(record: FlowRecord): void {
    const { id, proto, client, server, duration_ms, outcome } = record
    this.#conversations.push({
      flow: id,
      proto,
      client: { addr: client.addr, port: client.port },
      server: { addr: server.addr, port: server.port },
      packets: client.packets + server.packets,
      client_bytes: client.wire_bytes,
      server_bytes: server.wire_bytes,
      duration_ms,
      outcome,
    })
    // Sorted now and then: the cost for each is that of the sort divided by how many came.
    if (this.#conversations.length >= this.#most * 2 + 64) this.#conversations = [...this.conversations]
  }
}

function byPayload(a: Conversation, b: Conversation): number {
  const bytes = b.client_bytes + b.server_bytes - (a.client_bytes + a.server_bytes)
  return bytes || b.packets - a.packets || a.flow - b.flow
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function addTo(talker: Talker, own: FlowSide, peer: FlowSide, failed: number): void {
  talker.flows++
  talker.packets_sent += own.packets
  talker.packets_received += peer.packets
  talker.bytes_sent += own.wire_bytes
  talker.bytes_received += peer.wire_bytes
  talker.retransmissions += own.retransmissions + own.fast_retransmissions + own.spurious_retransmissions
  talker.failed += failed
}
