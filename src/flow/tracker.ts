import { parseAddress } from '../wire/address.ts'
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import type { PlainSegment } from '../wire/plain-segment.ts'
import { KIND_ICMP, KIND_TCP, KIND_UDP, type PacketStack } from '../wire/stack.ts'
import { trackDatagram } from './datagram-tracker.ts'
import type { Endpoint } from './event.ts'
import { FlowView } from './flow-view.ts'
import { icmpPorts } from './icmp-ports.ts'
import { IcmpTracker } from './icmp-tracker.ts'
import { FlowKey } from './key.ts'
import { LIST_ATTEMPTS, LIST_ENDED, LIST_ICMP, LIST_OPEN, LIST_UDP } from './lists.ts'
import { FLOW_TIMED_OUT } from './marks.ts'
import { passSteady } from './steady.ts'
import { type FlowSinks, FlowStore } from './store.ts'
import { giveUpAfter, MODERN_LADDER, type SynLadder } from './syn-ladder.ts'
import { type FlowId, NO_FLOW } from './table.ts'
import { TcpTracker } from './tcp-tracker.ts'
import { NANOS_PER_SECOND, type Nanos } from './time.ts'

export interface TrackerOptions {
  readonly protocols: 'tcp' | 'all'
  /** A closed flow's record is given this long after its last packet. */
  readonly linger: Nanos
  /** Flows held at once; beyond, the least valuable leave early. */
  readonly maxFlows: number
  readonly names: (iface: number) => string | undefined
  /** Events carry `packet`. */
  readonly framed: boolean
  /** When the kernel sends a SYN again; that of a present Linux kernel unless given. */
  readonly synLadder?: SynLadder
}

/** Silence after which a flow without connection counts as over. */
const UDP_IDLE = 60 * NANOS_PER_SECOND
const ICMP_IDLE = 10 * NANOS_PER_SECOND
/** Timers fire up to 3 % late. */
const GIVE_UP_SLACK = 1.05

/**
 * Follows flows packet by packet. Statistics are always kept; without `sinks.event` no event is made.
 *
 * The clock is the packets' own time, so the same packets give the same output in every run.
 */
export class FlowTracker {
  private readonly store: FlowStore
  private readonly tcp: TcpTracker
  private readonly icmp: IcmpTracker
  private readonly key = new FlowKey()
  private readonly finder = new FlowKey()
  private readonly shown: FlowView
  private readonly all: boolean
  /** Lists whose first row can fall due, and after how long. */
  private readonly waits: readonly (readonly [list: number, nanos: number])[]
  /** Between two looks at the lists. */
  private readonly pause: number
  private nextLook = -Infinity
  private now = 0 as Nanos

  constructor(options: TrackerOptions, sinks: FlowSinks) {
    const ladder = options.synLadder ?? MODERN_LADDER
    this.store = new FlowStore({ ...options, ladder }, sinks)
    this.tcp = new TcpTracker(this.store)
    this.shown = new FlowView(this.store.table.memory)
    this.icmp = new IcmpTracker(this.store)
    this.all = options.protocols === 'all'
    this.pause = Math.min(options.linger, NANOS_PER_SECOND) / 4
    this.waits = [
      [LIST_ENDED, options.linger],
      [LIST_ATTEMPTS, giveUpAfter(ladder) * GIVE_UP_SLACK],
      [LIST_UDP, UDP_IDLE],
      [LIST_ICMP, ICMP_IDLE],
    ]
  }

  /** The flow in this row: borrowed, until the next call. */
  at(row: number): FlowView {
    this.shown.move(row)
    return this.shown
  }

  /** Row of the flow between two ends (either may be the client) outside tunnels, NO_FLOW when there is none. */
  find(proto: 'tcp' | 'udp', a: Endpoint, b: Endpoint): FlowId {
    const from = parseAddress(a.addr)
    const to = parseAddress(b.addr)
    if (from === undefined || to === undefined) return NO_FLOW
    const { finder } = this
    const protocol = proto === 'tcp' ? PROTOCOL_TCP : PROTOCOL_UDP
    finder.set(from.family, protocol, from.words, to.words, a.port, b.port)
    return this.store.table.find(finder)
  }

  /** Flows seen so far. */
  get flowCount(): number {
    return this.store.table.serials
  }

  /** Flows that were recorded early because `maxFlows` were held. */
  get evicted(): number {
    return this.store.evicted
  }

  /** The id of the flow in a row. */
  idOf(row: number): number {
    return this.store.table.serialOf(row)
  }

  /**
   * Initial sequence number of the side that the segment just given, of the flow in this row, came from, or of its
   * peer; where no SYN was seen, one before the first number that was.
   */
  initialSequence(row: number, whose: 'sender' | 'receiver'): number {
    const { direction } = this.key
    const { flow } = this.store
    flow.move(row)
    return flow.side(whose === 'sender' ? direction : 1 - direction).initial
  }

  /** Whether the packet just given, a segment or datagram of the flow in this row, came from the flow's client. */
  isFromClient(row: number): boolean {
    const { flow } = this.store
    flow.move(row)
    return flow.client === this.key.direction
  }

  /** One plain segment (borrowed), which need not be walked. Returns whether the short cut (`steady.ts`) was taken. */
  plain(segment: PlainSegment): boolean {
    const time = segment.time as Nanos
    if (time >= this.nextLook) this.look(time)
    this.now = time
    const { key, store } = this
    const { flow, table } = store
    key.set(
      segment.family,
      PROTOCOL_TCP,
      segment.source,
      segment.destination,
      segment.sourcePort,
      segment.destinationPort,
    )
    const row = table.find(key)
    if (row !== NO_FLOW) {
      flow.move(row)
      store.rtt.now = time
      if (passSteady(flow.side(key.direction), store, segment)) return true
    }
    this.tcp.plain(segment, key, row)
    return false
  }

  /**
   * One decoded packet (borrowed); `packet` is the 1-based frame number. Returns the row of its flow, or of the
   * flow that an ICMP error quotes, or NO_FLOW.
   */
  packet(stack: PacketStack, time: Nanos, iface: number, packet: number): FlowId {
    this.now = time
    if (time >= this.nextLook) this.look(time)
    const { key } = this
    if (stack.kind === KIND_TCP) {
      key.set(
        stack.family,
        stack.protocol,
        stack.source,
        stack.destination,
        stack.sourcePort,
        stack.destinationPort,
        stack.tunnel,
      )
      return this.tcp.packet(stack, key, time, iface, packet)
    }
    if (stack.kind === KIND_UDP && this.all) {
      key.set(
        stack.family,
        stack.protocol,
        stack.source,
        stack.destination,
        stack.sourcePort,
        stack.destinationPort,
        stack.tunnel,
      )
      return trackDatagram(this.store, stack, key, time, iface)
    }
    if (stack.kind !== KIND_ICMP) return NO_FLOW
    if (stack.quoted.valid === 1) {
      const quoted = this.icmp.error(stack, time, iface, packet)
      if (!this.all || quoted !== NO_FLOW) return quoted
    }
    if (!this.all) return NO_FLOW
    const ports = icmpPorts(stack)
    key.set(
      stack.family,
      stack.protocol,
      stack.source,
      stack.destination,
      ports >>> 16,
      ports & 0xffff,
      stack.tunnel,
    )
    return trackDatagram(this.store, stack, key, time, iface)
  }

  /** Gives the records of flows whose waiting time is over at `now`, the capture's clock. */
  advance(now: Nanos): void {
    if (now > this.now) this.now = now
    this.look(now)
  }

  /** Gives the records of all flows that are left, in order of id. */
  finish(): void {
    const { store } = this
    if (store.sinks.flow === undefined && store.sinks.trouble === undefined) return
    const rows: FlowId[] = []
    for (const list of [LIST_ATTEMPTS, LIST_OPEN, LIST_ENDED, LIST_UDP, LIST_ICMP])
      for (let row = store.lists.first(list); row >= 0; row = store.lists.next(store.table.memory, row))
        rows.push(row as FlowId)
    rows.sort((a, b) => store.table.serialOf(a) - store.table.serialOf(b))
    for (const row of rows) store.close(row, this.now)
  }

  private look(now: Nanos): void {
    this.nextLook = now + this.pause
    const { store } = this
    store.sinks.trouble?.look(now)
    const { flow } = store
    for (const [list, wait] of this.waits) {
      for (let row = store.lists.first(list); row >= 0; row = store.lists.first(list)) {
        flow.move(row)
        if (since(flow, list) + wait > now) break
        if (list === LIST_ATTEMPTS) flow.marks |= FLOW_TIMED_OUT
        store.close(row as FlowId, now)
      }
    }
  }
}

/** When the wait of a flow on this list began. */
function since(flow: FlowView, list: number): number {
  if (list === LIST_ATTEMPTS) return flow.start
  return Math.max(flow.lower.lastTime, flow.upper.lastTime)
}
