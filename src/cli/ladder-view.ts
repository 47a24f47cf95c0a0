import type { PacketBatch } from '../capture/batch.ts'
import type { FlowEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import { NO_FLOW } from '../flow/table.ts'
import { ladderText } from '../render/ladder.ts'
import { ladderMermaid } from '../render/ladder-mermaid.ts'
import { type Ladder, LadderRows, type LadderStep, type LadderTone } from '../render/ladder-model.ts'
import { ladderSvg } from '../render/ladder-svg.ts'
import { eventLabel, processText } from '../render/line.ts'
import type { TimeFormat } from '../render/time.ts'
import { count } from '../render/units.ts'
import { UserError } from '../user-error.ts'
import type { Frame } from '../wire/frame.ts'
import { KIND_ICMP, KIND_TCP, type PacketStack } from '../wire/stack.ts'
import { flagsText } from '../wire/tcp-flags.ts'
import type { LadderAs } from './ladder-option.ts'
import type { PacketSink } from './pump.ts'
import type { View, ViewParts } from './view.ts'

/** Flows drawn as text when none is named; an image has room for one. */
const TEXT_FLOWS = 10

export interface LadderChoice {
  /** Id of the flow; without it the first ones. */
  readonly flow: number | undefined
  readonly as: LadderAs
  readonly timeFormat: TimeFormat
}

/** `--ladder`: flows as sequence diagrams. Live each comes when its flow ends, of a file all come in order. */
export class LadderView implements View, PacketSink {
  readonly packets = this
  readonly #parts: ViewParts
  readonly #choice: LadderChoice
  readonly #most: number
  readonly #flows = new Map<number, LadderRows>()
  readonly #done: { readonly flow: number; readonly text: string }[] = []
  #begun = 0
  /** Events of the packet that comes next. */
  readonly #events: FlowEvent[] = []

  constructor(parts: ViewParts, choice: LadderChoice) {
    this.#parts = parts
    this.#choice = choice
    this.#most = choice.flow === undefined && choice.as === 'text' ? TEXT_FLOWS : 1
  }

  event(event: FlowEvent): void {
    if (event.event !== 'state') this.#events.push(event)
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    const rows = row === NO_FLOW ? undefined : this.#rowsOf(this.#parts.tracker().idOf(row))
    rows?.add(this.#step(batch.time[index]!, stack, row))
    this.#events.length = 0
  }

  flow(record: FlowRecord): void {
    const rows = this.#flows.get(record.id)
    if (rows === undefined) return
    this.#flows.delete(record.id)
    const text = this.#draw(record, rows)
    if (this.#parts.source.engine === 'file') this.#done.push({ flow: record.id, text })
    else this.#parts.io.write(`${text}\n`)
  }

  finish(): void {
    const { io, tracker } = this.#parts
    this.#done.sort((a, b) => a.flow - b.flow)
    io.write(this.#done.map(({ text }) => text).join('\n'))
    const more = tracker().flowCount - this.#begun
    if (this.#choice.flow === undefined && this.#begun > 0 && more > 0)
      io.note(
        `${count(more, 'more flow')}: --ladder FLOW draws one, --flows --json lists them with their ids`,
      )
  }

  check(): void {
    const { flow } = this.#choice
    if (flow === undefined || this.#begun > 0) return
    throw new UserError(`No flow has the id ${flow}`, {
      hint: `${count(this.#parts.tracker().flowCount, 'flow')} came, ids count from 0`,
    })
  }

  #rowsOf(flow: number): LadderRows | undefined {
    const known = this.#flows.get(flow)
    if (known !== undefined || this.#begun >= this.#most) return known
    if (this.#choice.flow !== undefined && flow !== this.#choice.flow) return undefined
    if (this.#parts.processes?.isChosen(flow) === false) return undefined
    const rows = new LadderRows()
    this.#flows.set(flow, rows)
    this.#begun++
    return rows
  }

  #step(at: number, stack: PacketStack, row: number): LadderStep {
    const tracker = this.#parts.tracker()
    const events = this.#events
    const [first] = events
    const quoting = first?.event === 'icmp_error' ? first : undefined
    return {
      at,
      // An ICMP error goes to the sender of what it quotes.
      fromClient: quoting === undefined ? tracker.isFromClient(row) : quoting.sender !== 'client',
      what:
        quoting === undefined
          ? whatIs(stack, tracker.initialSequence(row, 'receiver'))
          : `ICMP ${quoting.icmp_name}`,
      len: stack.payloadLength,
      tone: toneOf(events),
      ...(events.length > 0 && {
        label: events.map(eventLabel).join(', '),
        text: events.map(({ text }) => text).join('; '),
      }),
    }
  }

  #draw(record: FlowRecord, rows: LadderRows): string {
    const { clock, io, style } = this.#parts
    const { client, server, process } = record
    const ladder: Ladder = {
      flow: record.id,
      proto: record.proto,
      client,
      server,
      ...(process?.client && { clientProcess: processText(process.client) }),
      ...(process?.server && { serverProcess: processText(process.server) }),
      outcome: record.outcome,
      rows: rows.rows(),
    }
    const format = this.#choice.timeFormat === 'delta' ? 'utc' : this.#choice.timeFormat
    switch (this.#choice.as) {
      case 'text': {
        const started = clock.text(record.start, format)
        return ladderText(ladder, { style, started, ...(io.isTerminal && { width: io.columns }) })
      }
      case 'mermaid':
        return ladderMermaid(ladder, clock.rfc3339(record.start))
      case 'svg':
        return ladderSvg(ladder, clock.rfc3339(record.start))
      default:
        return this.#choice.as satisfies never
    }
  }
}

/** What stands on the arrow. An acknowledgement is relative to `origin`, as in `--packets`. */
function whatIs(stack: PacketStack, origin: number): string {
  const { payloadLength } = stack
  if (stack.kind !== KIND_TCP) return `${stack.kind === KIND_ICMP ? 'ICMP' : 'UDP'} ${payloadLength} B`
  const { flags, acknowledgement } = stack.tcp
  const text = flagsText(flags)
  if (payloadLength > 0) return `[${text}] ${payloadLength} B`
  return text === '.' ? `[.] ack ${(acknowledgement - origin) >>> 0}` : `[${text}]`
}

function toneOf(events: readonly FlowEvent[]): LadderTone {
  let tone: LadderTone = 'plain'
  for (const { event } of events) {
    if (event === 'reset' || event === 'icmp_error') return 'bad'
    if (event === 'handshake' && tone === 'plain') tone = 'good'
    else if (event === 'close' && tone === 'plain') tone = 'info'
    else if (event !== 'handshake' && event !== 'close') tone = 'warn'
  }
  return tone
}
