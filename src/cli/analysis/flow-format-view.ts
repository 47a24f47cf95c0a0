import type { PacketBatch } from '../../capture/batch.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { WireCounts } from '../../flow/wire-counts.ts'
import { eveLine } from '../../render/eve-json.ts'
import { zeekLine } from '../../render/zeek-json.ts'
import type { Frame } from '../../wire/frame.ts'
import { KIND_ICMP, type PacketStack } from '../../wire/stack.ts'
import type { PacketSink } from './pump.ts'
import type { View, ViewParts } from './view.ts'

export type FlowFormat = 'zeek' | 'eve'

/** `--format`: flow records as other programs write them. */
export class FlowFormatView implements View, PacketSink {
  readonly packets = this
  readonly #parts: ViewParts
  readonly #format: FlowFormat
  readonly #counts = new WireCounts()
  #reason: 'timeout' | 'shutdown' = 'timeout'

  constructor(parts: ViewParts, format: FlowFormat) {
    this.#parts = parts
    this.#format = format
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    // An ICMP error is no packet of the flow that it quotes.
    if (row === NO_FLOW || (stack.kind === KIND_ICMP && stack.quoted.valid === 1)) return
    const tracker = this.#parts.tracker()
    this.#counts.add(
      row,
      tracker.idOf(row),
      tracker.isFromClient(row),
      stack,
      batch.original[index]!,
      batch.time[index]!,
    )
  }

  ending(): void {
    this.#reason = 'shutdown'
  }

  flow(record: FlowRecord, row: number): void {
    const { clock, io } = this.#parts
    const counts = this.#counts.of(row)
    io.write(
      this.#format === 'zeek'
        ? zeekLine(record, counts, clock)
        : eveLine(record, counts, this.#reason, clock),
    )
  }
}
