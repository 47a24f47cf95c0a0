import { PROTOCOL_TCP } from '../wire/ipv4.ts'
import type { EventScope } from './annotation.ts'
import { FlowEngine } from './engine.ts'
import type { FlowEvent } from './event.ts'
import { EventView } from './event-view.ts'
import { FactsView } from './facts-view.ts'
import type { FlowId } from './flow-id.ts'
import { FlowView } from './flow-view.ts'
import { Histories } from './history.ts'
import {
  HISTORY_BYTES,
  LADDER_BYTES,
  LETTERS_ROOM,
  TELL_CLOSED,
  TELL_EVENT_LINES,
  TELL_EVENTS,
  TELL_FLOW_LINES,
  TELL_FRAMED,
  TELL_RESETS_LATE,
  TELL_TROUBLE,
} from './layout.ts'
import { makeEvent } from './make-event.ts'
import { makeRecord, type RecordScope } from './make-record.ts'
import type { FlowRecord } from './record.ts'
import { Segment } from './segment.ts'
import { type SynLadder, writeLadders } from './syn-ladder.ts'
import type { Nanos } from './time.ts'
import { TroubleView } from './trouble.ts'
import type { TroubleSink } from './trouble-sink.ts'

/** Who takes records of TCP flows as lines of the JSON contract, which the engine writes itself. */
export interface LineSink {
  /** ASCII, borrowed: some lines. They come late, unless `FlowTracker.handOver` asks. */
  write(bytes: Uint8Array): void
  /** Name of the verdict on a flow (borrowed), '' for none; `undefined` when `flow` is to have its record instead. */
  verdict(flow: FlowView): string | undefined
}

/** Of what `LineSink` is to be given lines. */
export interface TakenLines {
  /** Events of segments. */
  readonly events: boolean
  /** Records of TCP flows that went well: of those nobody is asked. `LineSink.verdict` decides on the others. */
  readonly flows: boolean
  /** More is wanted of verdicts than their names in records, or there is more than a file's packets to judge by. */
  readonly verdicts: boolean
}

export interface FlowSinks {
  /** Without it no event, sentence or literal is made. */
  readonly event?: (event: FlowEvent) => void
  /** `row` is free for another flow once this returns. */
  readonly flow?: (record: FlowRecord, row: FlowId) => void
  readonly lines?: LineSink
  /** Is told before `flow` is. */
  readonly trouble?: TroubleSink
}

export interface StoreOptions {
  readonly ladder: SynLadder
  /** Events carry `packet`. */
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly maxFlows: number
  /** JSON in ASCII of an interface's name: for lines of events. */
  readonly quote?: (name: string) => string
}

/** The engine, and what it tells turned into records and events. */
export class FlowStore implements EventScope, RecordScope {
  readonly ladder: SynLadder
  readonly framed: boolean
  readonly names: (iface: number) => string | undefined
  readonly sinks: FlowSinks
  readonly engine: FlowEngine
  /** The flow of the packet at hand, and its segment. */
  readonly flow: FlowView
  readonly segment: Segment
  readonly event: EventView
  readonly trouble: TroubleView
  readonly facts: FactsView
  readonly histories: Histories = new Histories()
  private lastLook = Number.NEGATIVE_INFINITY as Nanos
  /** The packet that the last look came before. */
  private lookedBefore = 0
  private readonly quote: (name: string) => string
  /** TELL_ bits. */
  private readonly told: number
  /** The flow that leaves. */
  private readonly leaving: FlowView

  constructor(options: StoreOptions, sinks: FlowSinks) {
    this.ladder = options.ladder
    this.framed = options.framed
    this.names = options.names
    this.sinks = sinks
    this.quote = options.quote ?? ((name) => name)
    this.told = toldTo(sinks) | (options.framed ? TELL_FRAMED : 0)
    this.engine = new FlowEngine(
      {
        event: (text) => this.tellEvent(text),
        trouble: (time) => this.tellTrouble(time),
        late: (time) => this.tellLate(time),
        closed: (row, now) => this.tellClosed(row as FlowId, now as Nanos),
        moreLetters: (row) => this.histories.more(row),
        letter: (row, code) => this.histories.add(row, code),
        forget: (row) => this.histories.clear(row),
        ifaceText: (iface) => this.ifaceText(iface),
        lines: (bytes) => sinks.lines?.write(bytes),
      },
      options.ladder,
      this.told,
      options.maxFlows,
    )
    const { memory, calls } = this.engine
    this.flow = new FlowView(memory)
    this.leaving = new FlowView(memory)
    this.segment = new Segment(this.flow, memory, calls.segmentAt())
    this.event = new EventView(memory, calls.eventAt())
    this.trouble = new TroubleView(memory)
    this.facts = new FactsView(memory, calls.factsAt())
    const ladders = calls.laddersAt() / 8
    writeLadders(this.ladder, memory.doubles.subarray(ladders, ladders + LADDER_BYTES / 4))
  }

  /** What becomes lines and no objects. */
  takeLines({ events, flows, verdicts }: TakenLines): void {
    const lines = (events ? TELL_EVENT_LINES : 0) | (flows ? TELL_FLOW_LINES : 0)
    this.engine.tell(this.told | lines | (flows && !verdicts ? TELL_RESETS_LATE : 0))
  }

  /** Shows the sink the capture's clock, before this packet. */
  look(now: Nanos, packet: number): void {
    this.lastLook = now
    this.lookedBefore = packet
    this.sinks.trouble?.look(now)
  }

  private tellEvent(text: string): void {
    this.segment.settle()
    this.sinks.event?.(makeEvent(this, this.segment, this.event, text))
  }

  private ifaceText(iface: number): string {
    const name = this.names(iface)
    return name === undefined ? '' : this.quote(name)
  }

  private tellTrouble(before: number): void {
    this.segment.settle()
    this.sinks.trouble?.segment(this.segment, before)
  }

  /** What was due since then is judged before anything else comes. */
  private tellLate(before: number): void {
    this.tellTrouble(before)
    if (this.lookedBefore > this.segment.packet) this.sinks.trouble?.look(this.lastLook)
  }

  /** Returns whether the engine is to write the record. */
  private tellClosed(row: FlowId, now: Nanos): boolean {
    const { leaving, sinks } = this
    leaving.move(row)
    sinks.trouble?.closed(leaving, now)
    if (sinks.flow === undefined) return false
    const verdict = this.verdictOf(leaving)
    if (verdict !== undefined) {
      this.engine.setVerdict(verdict)
      return true
    }
    sinks.flow(makeRecord(this, leaving, now), row)
    return false
  }

  /** For a line of the engine's; `undefined` where it cannot write the record, or is not to. */
  private verdictOf(flow: FlowView): string | undefined {
    if (flow.protocol !== PROTOCOL_TCP) return undefined
    const letters = HISTORY_BYTES + this.histories.more(flow.row).length
    return letters > LETTERS_ROOM ? undefined : this.sinks.lines?.verdict(flow)
  }
}

function toldTo({ event, flow, trouble }: FlowSinks): number {
  return (
    (event === undefined ? 0 : TELL_EVENTS) |
    (trouble === undefined ? 0 : TELL_TROUBLE) |
    (trouble === undefined && flow === undefined ? 0 : TELL_CLOSED)
  )
}
