import type { PacketBatch } from '../../capture/batch.ts'
import type { Endpoint } from '../../flow/event.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { FlowRecord } from '../../flow/record.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import type { OverlapPolicy } from '../../stream/overlap.ts'
import { Reassembler } from '../../stream/reassembler.ts'
import type { StreamSegment, StreamSink } from '../../stream/stream.ts'
import { formatAddress } from '../../wire/address.ts'
import type { Frame } from '../../wire/frame.ts'
import { KIND_TCP, type PacketStack } from '../../wire/stack.ts'
import type { PacketSink } from '../analysis/pump.ts'

/** A flow whose streams are wanted. */
export interface FedFlow {
  readonly id: number
  /** Time of its first packet. */
  readonly start: number
  readonly client: Endpoint
  readonly server: Endpoint
}

/** What becomes of streams: `flow` is called before anything else about it, `ended` after everything.
 * A flow that is not wanted after all leaves nothing behind. */
export interface FlowStreams extends StreamSink {
  flow(flow: FedFlow): void
  ended(flow: FlowRecord, wanted: boolean): void
  /** Writes what is gathered. */
  flush(): void
  /** Nothing more will come. */
  close(): void
}

export interface FeedOptions {
  readonly policy: OverlapPolicy
  /** Only this flow. */
  readonly only?: number
}

class BorrowedSegment implements StreamSegment {
  sequence = 0
  acknowledgement = 0
  flags = 0
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  captured = 0
  length = 0
  time = 0
}

/** Takes the TCP segments of the wanted flows from the packet path to a reassembler. */
export class StreamFeed implements PacketSink {
  readonly #tracker: FlowTracker
  readonly #streams: FlowStreams
  readonly #only: number | undefined
  readonly #reassembler: Reassembler
  readonly #segment = new BorrowedSegment()
  /** Flows that were announced and have not ended. */
  readonly #open = new Set<number>()

  constructor(tracker: FlowTracker, streams: FlowStreams, { policy, only }: FeedOptions) {
    this.#tracker = tracker
    this.#streams = streams
    this.#only = only
    this.#reassembler = new Reassembler(streams, { policy })
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    if (row === NO_FLOW || stack.kind !== KIND_TCP) return
    const flow = this.#tracker.idOf(row)
    if (this.#only !== undefined && flow !== this.#only) return
    const fromClient = this.#tracker.isFromClient(row)
    const segment = this.#segment
    segment.time = batch.time[index]!
    if (!this.#open.has(flow)) this.#announce(flow, fromClient, stack, segment.time)
    segment.sequence = stack.tcp.sequence
    segment.acknowledgement = stack.tcp.acknowledgement
    segment.flags = stack.tcp.flags
    // Of a packet that came in fragments, these are not the frame's.
    segment.bytes = stack.datagram.bytes
    segment.start = stack.payloadOffset
    segment.captured = stack.payloadCaptured
    segment.length = stack.payloadLength
    this.#reassembler.segment(flow, fromClient, segment)
  }

  /** The flow's record was made: no packet will belong to it any more. Whether it was `wanted` is known only now. */
  ended(flow: FlowRecord, wanted: boolean): void {
    if (!this.#open.delete(flow.id)) return
    this.#reassembler.end(flow.id, flow.end)
    this.#streams.ended(flow, wanted)
  }

  #announce(id: number, fromClient: boolean, stack: PacketStack, start: number): void {
    this.#open.add(id)
    const sender = { addr: formatAddress(stack.family, stack.source), port: stack.sourcePort }
    const receiver = { addr: formatAddress(stack.family, stack.destination), port: stack.destinationPort }
    const ends = fromClient ? { client: sender, server: receiver } : { client: receiver, server: sender }
    this.#streams.flow({ id, start, ...ends })
  }
}
