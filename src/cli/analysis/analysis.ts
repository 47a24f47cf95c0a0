import type { PacketSource } from '../../capture/source.ts'
import { Docket } from '../../diagnose/docket.ts'
import { conclude } from '../../diagnose/judge.ts'
import { FILE_PLANES, type Planes } from '../../diagnose/planes.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { MODERN_LADDER } from '../../flow/syn-ladder.ts'
import { NANOS_PER_MS, NANOS_PER_SECOND, type Nanos } from '../../flow/time.ts'
import { FlowTracker } from '../../flow/tracker.ts'
import type { NameOf } from '../../render/endpoint-name.ts'
import { asciiJson } from '../../render/json-text.ts'
import { type Summary, summaryText } from '../../render/summary.ts'
import { TraceClock } from '../../render/time.ts'
import { formatAddress } from '../../wire/address.ts'
import type { DnsMessage } from '../../wire/dns.ts'
import type { PacketStack } from '../../wire/stack.ts'
import type { AnalysisOptions } from '../capture-options.ts'
import { wantsStreams } from '../follow/option.ts'
import { openStreams, type Streams } from '../follow/run.ts'
import type { Io } from '../io.ts'
import { FlowNames } from './flow-names.ts'
import type { FlowProcesses } from './flow-processes.ts'
import { checkWriteOptions, PacketWriter } from './packet-writer.ts'
import { type PacketSink, Pump } from './pump.ts'
import { orderedIo, takesLines } from './record-lines.ts'
import { openReport, type Report, type Selection, selectionOf, styleOf } from './report.ts'
import type { View } from './view.ts'
import type { OpenView } from './views.ts'

/**
 * How long a closed connection's record waits for stragglers: 2MSL on Linux in a file, a moment when live. That is
 * longer than a SYN's first timeout: the kernel lets an ICMP error pass that comes while connect() holds the socket;
 * and than an attempt that failed can be superseded by another.
 */
const LINGER_FILE = (60 * NANOS_PER_SECOND) as Nanos
const LINGER_LIVE = (2.1 * NANOS_PER_SECOND) as Nanos
/** How long the end of a connection waits for its verdict, while other planes and packets behind it arrive. */
const SETTLE_FILE = (1 * NANOS_PER_SECOND) as Nanos
const SETTLE_LIVE = (50 * NANOS_PER_MS) as Nanos
/** Connections judged between two readings of packets when live: each may take 15 ms. */
const AT_ONCE_LIVE = 8

const UNJUDGED = 'some failed connections have no verdict: too many failed at once; a filter leaves fewer'

export interface AnalysisParts {
  readonly source: PacketSource
  readonly options: AnalysisOptions
  readonly io: Io
  /** What `loadViews` gave for the options. */
  readonly views: readonly OpenView[]
  readonly processes?: FlowProcesses
  /** What is known beside the packets; nothing unless given. */
  readonly planes?: Planes
  /** SYN retransmissions this machine would make; a file is read with a modern kernel's defaults. */
  readonly synLadder?: { readonly retries: number; readonly linear: number }
  /** What is printed, in place of what the options choose. */
  readonly selection?: Selection
  /** Is told DNS messages from port 53, and who sent them. */
  readonly dns?: (messages: readonly DnsMessage[], server: string) => void
  /** Called before each read's packets are analysed. */
  readonly before?: () => void
  /** Called after them, with how many there were. */
  readonly after?: (packets: number) => void
}

/** Source → decoder → tracker → report: what `trace`, `read` and plain `socktrace` have in common. */
export class Analysis {
  readonly clock: TraceClock = new TraceClock()
  readonly selection: Selection
  readonly tracker: FlowTracker
  readonly pump: Pump
  /** `undefined` when nobody takes verdicts. */
  readonly docket: Docket | undefined
  readonly report: Report
  readonly #writer: PacketWriter | undefined
  readonly #streams: Streams | undefined
  readonly #views: readonly View[]
  readonly #names: FlowNames
  readonly #parts: AnalysisParts
  readonly #io: Io
  readonly #takesLines: boolean
  /** Takes the events of packets and of the kernel; `undefined` when nobody wants them. */
  #event: ((event: FlowEvent) => void) | undefined

  constructor(parts: AnalysisParts) {
    const { source, options, processes } = parts
    const live = source.engine !== 'file'
    this.#parts = parts
    checkWriteOptions(options, parts.io.isTerminal)
    this.selection = parts.selection ?? selectionOf(options, options.json === true)
    this.#takesLines = takesLines(parts, this.selection)
    this.#io = this.#takesLines ? orderedIo(parts.io, () => this.tracker.handOver()) : parts.io
    this.report = openReport({ ...parts, io: this.#io }, this.clock, this.selection)
    this.#names = new FlowNames(
      options.resolve && source.nameOf ? (address) => source.nameOf?.(address) : undefined,
    )
    this.#views = this.#openViews()
    this.docket = this.#openDocket()
    this.tracker = new FlowTracker(
      {
        protocols: this.#protocols,
        linger: live ? LINGER_LIVE : LINGER_FILE,
        maxFlows: options.maxFlows,
        names: (iface) => source.interfaces[iface]?.name,
        quote: asciiJson,
        framed: !live,
        ...(parts.synLadder === undefined ? {} : { synLadder: parts.synLadder }),
      },
      this.#sinks(processes),
    )
    this.#writer =
      options.write === undefined
        ? undefined
        : new PacketWriter(options.write, source, {
            comments: (row, stack) => this.#comments(row, stack),
            idOf: (row) => this.tracker.idOf(row),
            isPending: (row) => this.docket?.isPending(row) === true,
          })
    this.#streams = this.#openStreams()
    this.#chooseLines()
    const sinks = this.#packetSinks()
    this.pump = new Pump({
      source,
      tracker: this.tracker,
      ...(sinks === undefined ? {} : { sink: sinks }),
      ...(options.count === undefined ? {} : { count: options.count }),
      ...(processes && {
        datagram: (stack, row, time) =>
          processes.datagram(this.tracker.idOf(row), stack, this.tracker.isFromClient(row), time),
      }),
      dnsPort: (stack, time) => {
        const messages = this.#names.dns.packet(stack, time)
        this.#chooseLines()
        if (parts.dns !== undefined && messages.length > 0)
          parts.dns(messages, formatAddress(stack.family, stack.source))
      },
      comments: options.packets === true || options.write !== undefined,
      before: () => this.#before(),
      after: (packets) => {
        parts.after?.(packets)
        if (live) this.flush()
      },
    })
  }

  /** Hands on what is gathered, so that it is seen while more is waited for. */
  flush(): void {
    this.#writer?.flush()
    this.#streams?.flush()
    this.#io.flush()
  }

  /** Analyses everything, then gives the flows still open and the summary. */
  async run(truncated: () => boolean): Promise<void> {
    try {
      await this.pump.run()
      this.#before()
      for (const view of this.#views) view.ending?.()
      if (this.docket !== undefined) this.docket.ending = true
      this.tracker.finish()
      this.docket?.finish()
      for (const view of this.#views) view.finish?.()
    } finally {
      this.tracker.handOver()
      this.#writer?.close()
      this.#streams?.close()
    }
    this.report.summary(this.#summary(truncated()))
    if (this.docket?.isShort) this.#io.note(UNJUDGED)
    this.#io.flush()
    this.#streams?.check()
    for (const view of this.#views) view.check?.()
  }

  /** Lets a live trace's clock move while nothing arrives: ended flows give their records. */
  advance(epochMs: number): void {
    const { originSeconds } = this.clock
    if (originSeconds > 0)
      this.tracker.advance((epochMs * NANOS_PER_MS - originSeconds * NANOS_PER_SECOND) as Nanos)
  }

  /** Tells on stderr how far it has come: for SIGUSR1. */
  status(): void {
    this.#io.note(summaryText(this.#summary(false)))
  }

  /** JSON has every name that is known; text is in numbers unless names are asked for. */
  get #showsNames(): boolean {
    const { json, resolve } = this.#parts.options
    return json === true || resolve === true
  }

  /** Events and records become lines while no name belongs into them. */
  #chooseLines(): void {
    const { events, flows } = this.selection
    const takes = this.#takesLines && this.#names.dns.size === 0
    const verdicts = this.#takesVerdicts || this.#parts.planes !== undefined
    this.tracker.takeLines({ events: takes && events, flows: takes && flows, verdicts })
  }

  /** Events are also where processes become known, for the comments of packets. */
  get #wantsEvents(): boolean {
    const { options, processes } = this.#parts
    const forComments = processes !== undefined && options.write !== undefined
    return this.selection.events || forComments || this.#views.some(({ event }) => event !== undefined)
  }

  /** A datagram's refusal is a failure too; no record of it is printed where that is all. */
  get #protocols(): 'tcp' | 'all' {
    return isOnlyVerdicts(this.selection) ? 'all' : this.#parts.options.proto
  }

  get #takesVerdicts(): boolean {
    const isWritten = this.#parts.options.write !== undefined
    return this.selection.verdicts || isWritten || this.#views.some(({ verdict }) => verdict !== undefined)
  }

  #summary(truncated: boolean): Summary {
    const { totals } = this.pump
    const { source } = this.#parts
    const counters = source.counters()
    const seen = totals.packets > 0
    return {
      engine: source.engine,
      packets: totals.packets,
      bytes: totals.bytes,
      flows: this.tracker.flowCount,
      skipped: totals.skipped,
      received: source.engine === 'file' ? undefined : counters.received,
      droppedKernel: counters.droppedKernel,
      droppedInterface: counters.droppedInterface,
      truncated,
      first: seen ? totals.first : undefined,
      last: seen ? totals.last : undefined,
    }
  }

  #packetSinks(): PacketSink | undefined {
    const views = this.#views.map(({ packets }) => packets)
    const sinks = [...views, this.#writer, ...(this.#streams?.sinks ?? [])].filter(
      (sink) => sink !== undefined,
    )
    return sinks.length === 0 ? undefined : sinks.reduce(inTurn)
  }

  #openViews(): View[] {
    const { io, source, views, processes } = this.#parts
    const { clock } = this
    const tracker = (): FlowTracker => this.tracker
    const superseded = (): number => this.docket?.superseded ?? 0
    const style = styleOf(this.#parts)
    const nameOf: NameOf = (address) => (this.#showsNames ? this.#names.latest(address) : undefined)
    return views.map((open) => open({ io, source, clock, style, processes, tracker, superseded, nameOf }))
  }

  #openDocket(): Docket | undefined {
    const { selection } = this
    const { planes = FILE_PLANES, source, synLadder = MODERN_LADDER } = this.#parts
    const taken = this.#takesVerdicts
    // What the kernel drops, and where it differs from the packets, are events.
    const tells = selection.events && planes.kernel.watched
    if (!taken && !selection.flows && !tells) return undefined
    return new Docket({
      judge: conclude,
      give: taken ? (verdict) => this.#verdict(verdict) : undefined,
      event: this.#wantsEvents ? (event) => this.#event?.(event) : undefined,
      protocols: this.#protocols,
      planes,
      ladder: synLadder,
      flowAt: (row) => this.tracker.at(row),
      isTimedOut: (row, now) => this.tracker.isTimedOut(row, now),
      find: (proto, client, server) => this.tracker.find(proto, client, server),
      shareName: (a, b, at) => this.#names.dns.share(a, b, at),
      lost: () => source.counters().droppedKernel,
      ...(source.engine === 'file' ? { settle: SETTLE_FILE } : { settle: SETTLE_LIVE, atOnce: AT_ONCE_LIVE }),
    })
  }

  #verdict(verdict: Verdict): void {
    const { processes } = this.#parts
    if (processes !== undefined && !processes.choosesVerdict(verdict)) return
    this.#writer?.verdict(verdict)
    const shown = this.#showsNames ? this.#names.verdict(verdict) : verdict
    if (this.selection.verdicts) this.report.verdict(shown)
    for (const view of this.#views) view.verdict?.(shown)
  }

  /** What the verdict on it and the kernel add to the record of a flow. */
  #judged(flow: FlowRecord): FlowRecord {
    const { docket } = this
    if (docket === undefined || flow.proto === 'icmp') return flow
    const state = docket.kernelState(flow.proto, flow.client, flow.server, flow.start)
    if (state !== undefined) flow.kernel_state = state
    const verdict = docket.verdictOf(flow.id)
    if (verdict !== undefined) flow.verdict = verdict
    return docket.isSuperseded(flow.id) ? { ...flow, outcome: 'superseded' } : flow
  }

  #openStreams(): Streams | undefined {
    const { io, options, source } = this.#parts
    const { timeFormat, json = false } = options
    const { clock, tracker } = this
    const style = styleOf(this.#parts)
    return openStreams(options, {
      io,
      clock,
      tracker,
      json,
      live: source.engine !== 'file',
      style,
      timeFormat,
    })
  }

  #comments(row: number, stack: PacketStack): readonly string[] | undefined {
    if (row === NO_FLOW) return undefined
    const address = (): string => formatAddress(stack.family, stack.source)
    const process = this.#parts.processes?.senderOf(this.tracker.idOf(row), stack.sourcePort, address)
    return process && [`${process.comm ?? '?'}[${process.pid}]`]
  }

  #before(): void {
    const { source, processes, before } = this.#parts
    this.clock.originSeconds = source.originSeconds
    this.tracker.setOrigin(source.originSeconds)
    if (processes !== undefined) processes.originSeconds = source.originSeconds
    before?.()
  }

  #sinks(processes: FlowProcesses | undefined): ConstructorParameters<typeof FlowTracker>[1] {
    const { report, selection } = this
    const names = this.#names
    const { options } = this.#parts
    const showsNames = this.#showsNames
    const views = this.#views
    const wantsEvents = this.#wantsEvents
    // A record takes as long as ten packets: of verdicts alone none is made.
    const wantsFlows =
      selection.flows ||
      (processes !== undefined && (wantsEvents || processes.chooses)) ||
      wantsStreams(options) ||
      views.some(({ flow }) => flow !== undefined)
    const { docket } = this
    const trouble = processes === undefined || wantsFlows ? docket : processes.forgetting(docket)
    if (wantsEvents)
      this.#event = (event) => {
        if (processes !== undefined && !processes.event(event)) return
        const shown = showsNames ? names.event(event) : event
        if (selection.events) report.event(shown)
        for (const view of views) view.event?.(shown)
      }
    const told = this.#event
    return {
      ...(trouble && { trouble }),
      ...(told && {
        // What the kernel dropped before it comes before it.
        event: (event) => {
          docket?.tellDrops(event.at)
          told(event)
        },
      }),
      ...(this.#takesLines && {
        lines: {
          write: (bytes) => this.#parts.io.writeBytes(bytes),
          verdict: ({ serial }) =>
            names.dns.size > 0 || docket?.isSuperseded(serial)
              ? undefined
              : (docket?.verdictOf(serial) ?? ''),
        },
      }),
      ...(wantsFlows && {
        flow: (flow, row) => {
          const chosen = processes === undefined || processes.flow(flow)
          this.#streams?.ended(flow, chosen)
          if (!chosen) return
          const judged = this.#judged(flow)
          const shown = showsNames ? names.flow(judged) : judged
          if (selection.flows) report.flow(shown)
          for (const view of views) view.flow?.(shown, row)
        },
      }),
    }
  }
}

/** Hands each packet to one after the other. */
function inTurn(first: PacketSink, second: PacketSink): PacketSink {
  return {
    packet(batch, index, frame, stack, row) {
      first.packet(batch, index, frame, stack, row)
      second.packet(batch, index, frame, stack, row)
    },
  }
}

function isOnlyVerdicts({ verdicts, events, flows }: Selection): boolean {
  return verdicts && !events && !flows
}
