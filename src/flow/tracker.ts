import { parseAddress } from '../wire/address.ts'
import { hasLongCommand } from '../wire/ftp.ts'
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { FTP_PORT } from '../wire/ports.ts'
import { KIND_ICMP, KIND_TCP, KIND_UDP, type PacketStack } from '../wire/stack.ts'
import { trackDatagram } from './datagram-tracker.ts'
import type { FlowEngine } from './engine.ts'
import type { Endpoint } from './event.ts'
import { type FlowId, NO_FLOW } from './flow-id.ts'
import { FlowView } from './flow-view.ts'
import { icmpPorts } from './icmp-ports.ts'
import { IcmpTracker } from './icmp-tracker.ts'
import { FlowKey } from './key.ts'
import * as at from './layout.ts'
import { LIST_ATTEMPTS, LIST_ENDED, LIST_ICMP, LIST_UDP } from './list-numbers.ts'
import type { PacketColumns } from './packet-window.ts'
import { OUTCOME_TIMEOUT } from './record-words.ts'
import { type FlowSinks, FlowStore, type TakenLines } from './store.ts'
import { giveUpAfter, MODERN_LADDER, type SynLadder } from './syn-ladder.ts'
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
  /** The JSON text, in ASCII, of an interface's name: for lines of events. */
  readonly quote?: (name: string) => string
  /** When the kernel sends a SYN again; that of a present Linux kernel unless given. */
  readonly synLadder?: SynLadder
}

/** Silence after which a flow without connection counts as over. */
const LINK_ETHERNET = 1
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
    this.shown = new FlowView(this.store.engine.memory)
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
    return this.store.engine.find(finder) as FlowId
  }

  /** What does the work; its window is where packets can be read into. */
  get engine(): FlowEngine {
    return this.store.engine
  }

  /** Flows seen so far. */
  get flowCount(): number {
    return this.store.engine.calls.flowCount()
  }

  /** Segments that took the short cut (`engine/steady.ts`). */
  get shortCuts(): number {
    return this.store.engine.calls.shortCutCount()
  }

  /** Flows that were recorded early because `maxFlows` were held. */
  get evicted(): number {
    return this.store.engine.calls.evictedCount()
  }

  /** The id of the flow in a row. */
  idOf(row: number): number {
    return this.at(row).serial
  }

  /** Whether nobody answered the client of the flow in a row, and none is going to at `now` (the capture's clock). */
  isTimedOut(row: number, now: Nanos): boolean {
    return this.store.engine.calls.outcome(row, now) === OUTCOME_TIMEOUT
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

  /**
   * Copies a batch (borrowed) to where `run` reads it: `count` packets, and of which kind their interfaces are.
   */
  load(batch: PacketColumns, count: number, interfaces: readonly { readonly linkType: number }[]): void {
    this.store.engine.window.load(batch, count)
    const { memory, calls } = this.store.engine
    const ethernet = calls.ethernetAt()
    interfaces.forEach(({ linkType }, iface) => {
      memory.bytes[ethernet + iface] = linkType === LINK_ETHERNET ? 1 : 0
    })
  }

  /**
   * Plain segments of the batch (`engine/plain-segment.ts`), which need not be walked, from index `from` on, up to
   * `count`. Returns the index of the first packet that has to be.
   */
  run(from: number, count: number): number {
    const { calls, window } = this.store.engine
    for (;;) {
      const index = calls.run(from, count, this.nextLook)
      if (index > from) this.now = window.time[index - 1]! as Nanos
      if (index === count) return index
      const time = window.time[index]! as Nanos
      if (time < this.nextLook) return index
      this.look(time, window.number[index]!)
      from = index
    }
  }
  /**
   * One decoded packet (borrowed); `packet` is the 1-based frame number. Returns the row of its flow, or of the
   * flow that an ICMP error quotes, or NO_FLOW.
   */
  packet(stack: PacketStack, time: Nanos, iface: number, packet: number): FlowId {
    this.now = time
    if (time >= this.nextLook) this.look(time, packet)
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
      return this.segment(stack, time, iface, packet)
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

  /** Epoch seconds from which times count: for the lines that the engine writes. */
  setOrigin(seconds: number): void {
    this.store.engine.calls.setOrigin(seconds)
  }

  /** What becomes lines for `sinks.lines`, from the next packet on. */
  takeLines(what: TakenLines): void {
    this.store.takeLines(what)
  }

  /** Gives the lines that the engine has gathered: before anything else is written. */
  handOver(): void {
    this.store.engine.calls.handOver()
  }

  /** Gives the records of flows whose waiting time is over at `now`, the capture's clock. */
  advance(now: Nanos): void {
    if (now > this.now) this.now = now
    this.look(now, Number.POSITIVE_INFINITY)
  }

  /** Gives the records of all flows that are left, in order of id: the end, no packet may follow. */
  finish(): void {
    const { store } = this
    if (store.sinks.flow === undefined && store.sinks.trouble === undefined) return
    store.engine.calls.finish(this.now)
  }

  /** The segment that was walked, with its key set. */
  private segment(stack: PacketStack, time: Nanos, iface: number, packet: number): FlowId {
    const { engine, segment } = this.store
    const { tcp, tcpOptions } = stack
    const { words, doubles } = engine.memory
    const address = engine.calls.segmentAt()
    const word = address / 4
    doubles[address / 8] = time
    doubles[address / 8 + 1] = packet
    words[word + at.SEGMENT_DIRECTION] = this.key.direction
    words[word + at.SEGMENT_IFACE] = iface
    words[word + at.SEGMENT_SEQUENCE] = tcp.sequence
    words[word + at.SEGMENT_ACKNOWLEDGEMENT] = tcp.acknowledgement
    words[word + at.SEGMENT_FLAGS] = tcp.flags
    words[word + at.SEGMENT_WINDOW] = tcp.window
    words[word + at.SEGMENT_TTL] = stack.ttl
    words[word + at.SEGMENT_LENGTH] = stack.payloadLength
    words[word + at.SEGMENT_PRESENT] = tcpOptions.present
    words[word + at.SEGMENT_MSS] = tcpOptions.mss
    words[word + at.SEGMENT_WINDOW_SCALE] = tcpOptions.windowScale
    words[word + at.SEGMENT_COOKIE_LENGTH] = tcpOptions.fastOpenCookieLength
    words[word + at.SEGMENT_MPTCP_SUBTYPE] = tcpOptions.mptcpSubtype
    words[word + at.SEGMENT_MPTCP_SUBTYPES] = tcpOptions.mptcpSubtypes
    const partial = stack.destinationPort === FTP_PORT && hasLongCommand(stack)
    words[word + at.SEGMENT_PARTIAL] = partial ? 1 : 0
    segment.options = tcpOptions
    engine.setKey(this.key)
    return engine.calls.take() as FlowId
  }

  /** `packet` is the number of the one that comes next. */
  private look(now: Nanos, packet: number): void {
    this.nextLook = now + this.pause
    const { store } = this
    store.look(now, packet)
    for (const [list, wait] of this.waits) store.engine.calls.closeDue(list, wait, now)
  }
}
