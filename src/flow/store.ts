import { SCALE_UNKNOWN } from './analysis.ts'
import type { EventScope } from './annotation.ts'
import type { FlowEvent } from './event.ts'
import { FlowView } from './flow-view.ts'
import { Gaps } from './gaps.ts'
import { Histories } from './history.ts'
import type { FlowKey } from './key.ts'
import { FlowLists, LIST_ATTEMPTS, LIST_ENDED, LIST_ICMP, LIST_OPEN, LIST_UDP } from './lists.ts'
import { makeRecord } from './make-record.ts'
import type { FlowRecord } from './record.ts'
import { RttSampler } from './rtt.ts'
import type { SideView } from './side-view.ts'
import type { SynLadder } from './syn-ladder.ts'
import { type FlowId, FlowTable } from './table.ts'
import { LISTEN } from './tcp-state.ts'
import type { Nanos } from './time.ts'
import { TroublePool } from './trouble.ts'
import type { TroubleSink } from './trouble-sink.ts'

export interface FlowSinks {
  /** Without it no event, sentence or literal is made. */
  readonly event?: (event: FlowEvent) => void
  /** `row` is free for another flow once this returns. */
  readonly flow?: (record: FlowRecord, row: FlowId) => void
  /** Is told before `flow` is. */
  readonly trouble?: TroubleSink
}

export interface StoreOptions {
  readonly ladder: SynLadder
  /** Events carry `packet`. */
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly maxFlows: number
}

/** Who has to go first when the table is full: what is over, then what never opened, then the rest. */
const EVICTION_ORDER = [LIST_ENDED, LIST_ATTEMPTS, LIST_ICMP, LIST_UDP, LIST_OPEN]

/** Everything that is kept about flows, and the life of a row: opened, waiting on a list, recorded and freed. */
export class FlowStore implements EventScope {
  readonly ladder: SynLadder
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly sinks: FlowSinks
  readonly table: FlowTable = new FlowTable()
  /** The flow of the packet at hand. */
  readonly flow: FlowView = new FlowView(this.table.memory)
  readonly lists: FlowLists = new FlowLists()
  readonly trouble: TroublePool = new TroublePool()
  readonly histories: Histories = new Histories()
  readonly rtt: RttSampler = new RttSampler()
  readonly gaps: Gaps = new Gaps()
  /** Flows that had to leave early because `maxFlows` were held. */
  evicted = 0
  private readonly maxFlows: number
  /** The flow that leaves. */
  private readonly leaving = new FlowView(this.table.memory)

  constructor(options: StoreOptions, sinks: FlowSinks) {
    this.ladder = options.ladder
    this.framed = options.framed
    this.names = options.names
    this.maxFlows = options.maxFlows
    this.sinks = sinks
  }

  /** Puts `flow` on a new row on `list`, evicting another when the table is full. */
  open(key: FlowKey, list: number, time: Nanos, iface: number): FlowId {
    if (this.table.size >= this.maxFlows) this.evict(time)
    const row = this.table.insert(key)
    const { flow } = this
    flow.move(row)
    flow.start = time
    flow.iface = iface
    begin(flow.lower)
    begin(flow.upper)
    this.lists.move(this.table.memory, row, list)
    return row
  }

  /** Gives the flow's record and frees its row. `now` is the capture's clock. */
  close(row: FlowId, now: Nanos): void {
    const { table, leaving } = this
    leaving.move(row)
    this.sinks.trouble?.closed(leaving)
    this.sinks.flow?.(makeRecord(this, leaving, now), row)
    this.release(leaving.lower)
    this.release(leaving.upper)
    this.histories.clear(row)
    this.lists.remove(table.memory, row)
    table.remove(row)
  }

  /** The side's own row of rare counters, taken when it has none yet. */
  troubleOf(side: SideView): number {
    const row = side.trouble
    if (row !== 0) return row
    const taken = this.trouble.take()
    side.trouble = taken
    return taken
  }

  /** Gives back what the side holds outside its row. */
  private release(side: SideView): void {
    this.rtt.clear(side)
    const { trouble } = side
    if (trouble === 0) return
    this.gaps.clear(this.trouble, trouble)
    this.trouble.release(trouble)
  }

  private evict(now: Nanos): void {
    const list = EVICTION_ORDER.find((candidate) => this.lists.first(candidate) >= 0)
    if (list === undefined) return
    this.evicted++
    this.close(this.lists.first(list) as FlowId, now)
  }
}

function begin(side: SideView): void {
  side.scale = SCALE_UNKNOWN
  side.proven = LISTEN
  side.expected = LISTEN
}
