import type { PacketBatch } from '../../capture/batch.ts'
import type { FlowEvent } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { ladderText } from '../../render/ladder.ts'
import { ladderMermaid } from '../../render/ladder-mermaid.ts'
import { type Ladder, LadderRows, ladderDrop } from '../../render/ladder-model.ts'
import { ladderSvg } from '../../render/ladder-svg.ts'
import { processText } from '../../render/line.ts'
import type { TimeFormat } from '../../render/time.ts'
import { count } from '../../render/units.ts'
import { UserError } from '../../user-error.ts'
import type { Frame } from '../../wire/frame.ts'
import type { PacketStack } from '../../wire/stack.ts'
import type { LadderAs } from './ladder-option.ts'
import { ladderStep } from './ladder-step.ts'
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
    if (event.event === 'drop') this.#flows.get(event.flow)?.drop(ladderDrop(event))
    else if (event.event !== 'state') this.#events.push(event)
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    const rows = row === NO_FLOW ? undefined : this.#rowsOf(this.#parts.tracker().idOf(row))
    rows?.add(ladderStep(this.#parts.tracker(), this.#events, batch.time[index]!, stack, row))
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
