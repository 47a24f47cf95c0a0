import type { PacketBatch } from '../../capture/batch.ts'
import { PacketRing } from '../../capture/packet-ring.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { NANOS_PER_MS } from '../../flow/time.ts'
import type { LiveApp } from '../../live/app.ts'
import type { HeldPackets } from '../../live/export.ts'
import type { HeldSteps } from '../../live/ladder-pane.ts'
import type { Ends, FlowCard } from '../../live/model/flow-card.ts'
import { Reassembler } from '../../stream/reassembler.ts'
import type { StreamSegment, StreamSink } from '../../stream/stream.ts'
import { formatAddress } from '../../wire/address.ts'
import type { Frame } from '../../wire/frame.ts'
import { KIND_TCP, type PacketStack } from '../../wire/stack.ts'
import type { PacketSink } from '../analysis/pump.ts'
import type { View, ViewParts } from '../analysis/view.ts'
import { VERSION } from '../version.ts'
import { PacketSteps } from './packet-steps.ts'

/** What a run tells the live view: events, flow records, and of every packet what is counted. */
export class LiveScreenView implements View, PacketSink {
  readonly packets = this
  /** Events and verdicts so far. */
  happened = 0
  readonly #app: LiveApp
  readonly #parts: ViewParts
  readonly #held = new PacketRing()
  readonly #steps = new PacketSteps(this.#held)
  #ending = false
  #followed: { readonly flow: number; readonly reassembler: Reassembler } | undefined

  constructor(app: LiveApp, parts: ViewParts) {
    this.#app = app
    this.#parts = parts
    const { source } = parts
    app.capturing({
      engine: source.engine,
      dropped: () => source.counters().droppedKernel ?? 0,
      packetsOf: (flow) => this.#packetsOf(flow),
      stepsOf: (card) => this.#stepsOf(card),
    })
  }

  /** Records of a file's flows that had not ended come last: those are not closed. */
  ending(): void {
    this.#ending = this.#parts.source.engine === 'file'
  }

  event(event: FlowEvent): void {
    this.happened++
    this.#app.model.originSeconds = this.#parts.clock.originSeconds
    this.#app.model.event(event)
    this.#app.touch()
  }

  flow(record: FlowRecord): void {
    if (this.#ending) return
    this.#app.model.flow(record, this.#app.now)
    this.#app.touch()
  }

  verdict(verdict: Verdict): void {
    this.happened++
    this.#app.model.verdict(verdict)
    this.#app.touch()
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    const { model } = this.#app
    model.originSeconds = this.#parts.clock.originSeconds
    model.rates.packets += 1
    model.rates.bytes += batch.original[index]!
    if (row === NO_FLOW || stack.kind !== KIND_TCP) return
    const tracker = this.#parts.tracker()
    const flow = tracker.idOf(row)
    this.#held.add(flow, batch, index)
    const isFollowed = model.follow.flow !== undefined
    if (stack.payloadLength === 0 && !isFollowed) return
    const fromClient = tracker.isFromClient(row)
    const time = batch.time[index]!
    if (stack.payloadLength > 0)
      model.payload(flow, fromClient ? 'client' : 'server', stack.payloadLength, time, () =>
        endsOf(stack, fromClient),
      )
    if (flow === model.follow.flow) this.#follow(flow, fromClient, stack, time)
  }

  #packetsOf(flow: number): HeldPackets {
    const { source } = this.#parts
    const { originSeconds } = this.#app.model
    const held = this.#held.write(flow, source.interfaces, originSeconds, `socktrace ${VERSION}`)
    return { ...held, whole: this.#isWhole(this.#app.model.book.card(flow)) }
  }

  #stepsOf(card: FlowCard): HeldSteps {
    const steps = this.#steps.of(card, this.#parts.source.interfaces)
    return { steps, whole: this.#isWhole(card) }
  }

  /** Nothing of the flow is older than what is held. */
  #isWhole(card: FlowCard | undefined): boolean {
    const { since } = this.#held
    const started = card?.started ?? 0
    return since === undefined || this.#app.model.originSeconds * 1000 + since / NANOS_PER_MS <= started
  }

  #follow(flow: number, fromClient: boolean, stack: PacketStack, time: number): void {
    if (this.#followed?.flow !== flow)
      this.#followed = { flow, reassembler: new Reassembler(this.#streamSink(), { policy: 'first' }) }
    const segment: StreamSegment = {
      sequence: stack.tcp.sequence,
      acknowledgement: stack.tcp.acknowledgement,
      flags: stack.tcp.flags,
      // Of a packet that came in fragments, these are not the frame's.
      bytes: stack.datagram.bytes,
      start: stack.payloadOffset,
      captured: stack.payloadCaptured,
      length: stack.payloadLength,
      time,
    }
    this.#followed.reassembler.segment(flow, fromClient, segment)
  }

  #streamSink(): StreamSink {
    const { follow } = this.#app.model
    const ignore = (): void => {}
    return {
      data: (stream, _offset, bytes, start, length) => {
        follow.add(stream.fromClient ? 'client' : 'server', bytes.subarray(start, start + length), 0)
        this.#app.touch()
      },
      gap: (stream, _offset, length) =>
        follow.add(stream.fromClient ? 'client' : 'server', new Uint8Array(0), length),
      truncated: (stream, _offset, length) =>
        follow.add(stream.fromClient ? 'client' : 'server', new Uint8Array(0), length),
      overlap: ignore,
      late: ignore,
      stray: ignore,
    }
  }
}

function endsOf(stack: PacketStack, fromClient: boolean): Ends {
  const source = { addr: formatAddress(stack.family, stack.source), port: stack.sourcePort }
  const destination = { addr: formatAddress(stack.family, stack.destination), port: stack.destinationPort }
  return fromClient ? { client: source, server: destination } : { client: destination, server: source }
}
