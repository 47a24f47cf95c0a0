import type { PacketBatch } from '../../capture/batch.ts'
import type { FlowEvent } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import { InFlight } from '../../flow/in-flight.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { NANOS_PER_MS } from '../../flow/time.ts'
import type { ProcessRef } from '../../process-ref.ts'
import { jsonLine } from '../../render/json-text.ts'
import { eventLabel, processText } from '../../render/line.ts'
import { packetFields, packetText } from '../../render/packet-line.ts'
import { sanitize } from '../../render/sanitize.ts'
import type { TimeFormat } from '../../render/time.ts'
import { formatAddress } from '../../wire/address.ts'
import type { Frame } from '../../wire/frame.ts'
import { KIND_TCP, type PacketStack } from '../../wire/stack.ts'
import type { PacketSink } from './pump.ts'
import type { View, ViewParts } from './view.ts'

export interface PacketFormat {
  readonly json: boolean
  readonly timeFormat: TimeFormat
  /** Sequence numbers as sent, not relative to the initial ones. */
  readonly absolute: boolean
}

/** `--packets`: one line of text, or one object, for every packet, with what the analysis found on it. */
export class PacketReport implements View, PacketSink {
  readonly packets = this
  readonly #parts: ViewParts
  readonly #format: PacketFormat
  /** Events of the packet that comes next. */
  readonly #events: FlowEvent[] = []
  readonly #inFlight = new InFlight()

  constructor(parts: ViewParts, format: PacketFormat) {
    this.#parts = parts
    this.#format = format
  }

  event(event: FlowEvent): void {
    if (event.event !== 'state') this.#events.push(event)
  }

  flow(record: FlowRecord): void {
    this.#inFlight.forget(record.id)
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    const { io, processes, tracker } = this.#parts
    const flow = row === NO_FLOW ? undefined : tracker().idOf(row)
    const isChosen = processes === undefined || processes.isChosen(flow ?? -1)
    if (isChosen)
      io.write(
        this.#format.json ? this.#json(batch, index, stack, row) : this.#text(batch, index, stack, row),
      )
    this.#events.length = 0
  }

  #text(batch: PacketBatch, index: number, stack: PacketStack, row: number): string {
    const { clock, source, tracker } = this.#parts
    const relative = row !== NO_FLOW && stack.kind === KIND_TCP && !this.#format.absolute
    const origin = relative
      ? {
          sender: tracker().initialSequence(row, 'sender'),
          receiver: tracker().initialSequence(row, 'receiver'),
        }
      : undefined
    const iface = source.interfaces[batch.iface[index]!]?.name
    const parts = [clock.text(batch.time[index]!, this.#format.timeFormat)]
    if (iface !== undefined) parts.push(sanitize(iface))
    parts.push(packetText(stack, origin, this.#parts.nameOf))
    const process = row === NO_FLOW ? undefined : this.#sender(tracker().idOf(row), stack)
    if (process !== undefined) parts.push('', processText(process))
    if (this.#events.length > 0) parts.push(process === undefined ? ' ' : '')
    const marks = this.#events.map((event) => `[${eventLabel(event)}]`).join('')
    const comments = batch.commentsOf(index)?.map((comment) => ` # ${sanitize(comment)}`) ?? []
    return `${parts.join(' ')}${marks}${comments.join('')}\n`
  }

  #json(batch: PacketBatch, index: number, stack: PacketStack, row: number): string {
    const { clock, source, tracker } = this.#parts
    const at = batch.time[index]!
    const flow = row === NO_FLOW ? undefined : tracker().idOf(row)
    const process = flow === undefined ? undefined : this.#sender(flow, stack)
    const { pid, comm, attribution } = process ?? {}
    return jsonLine({
      type: 'packet',
      time: clock.rfc3339(at),
      ts: clock.epoch(at),
      packet: batch.number[index]!,
      iface: source.interfaces[batch.iface[index]!]?.name,
      flow,
      length: batch.original[index]!,
      ...packetFields(stack, this.#parts.nameOf),
      ...(row === NO_FLOW || stack.kind !== KIND_TCP ? {} : this.#unacknowledged(row, stack, at)),
      process: process && { pid, comm, attribution },
      comments: batch.commentsOf(index),
      events: this.#events.length === 0 ? undefined : this.#events.map(({ event }) => event),
    })
  }

  /** What Wireshark calls bytes in flight, RTT of an ACK and RTO. */
  #unacknowledged(row: number, stack: PacketStack, at: number): object {
    const tracker = this.#parts.tracker()
    const isFound = (name: FlowEvent['event']): boolean => this.#events.some(({ event }) => event === name)
    const inFlight = this.#inFlight
    inFlight.segment(tracker.idOf(row), tracker.isFromClient(row), stack, at, {
      isRetransmission: isFound('retransmission'),
      hasLostBefore: isFound('lost_segment'),
    })
    return {
      bytes_in_flight: inFlight.bytes === 0 ? undefined : inFlight.bytes,
      ack_rtt_ms: Number.isNaN(inFlight.ackRtt) ? undefined : inFlight.ackRtt / NANOS_PER_MS,
      rto_ms: Number.isNaN(inFlight.rto) ? undefined : inFlight.rto / NANOS_PER_MS,
    }
  }

  #sender(flow: number, stack: PacketStack): ProcessRef | undefined {
    const address = (): string => formatAddress(stack.family, stack.source)
    return this.#parts.processes?.senderOf(flow, stack.sourcePort, address)
  }
}
