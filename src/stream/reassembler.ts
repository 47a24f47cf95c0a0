import { ACK, SYN } from '../wire/tcp-bits.ts'
import type { OverlapPolicy } from './overlap.ts'
import { PAGE_BYTES, PagePool } from './page.ts'
import { Stream, type StreamSegment, type StreamSink } from './stream.ts'

const MIB = 2 ** 20

export interface ReassemblyOptions {
  readonly policy: OverlapPolicy
  /** Memory for the out-of-order bytes of one direction; 1 MiB unless given. */
  readonly streamBytes?: number
  /** Memory for those of all; 256 MiB unless given. */
  readonly totalBytes?: number
}

interface Pair {
  readonly client: Stream
  readonly server: Stream
}

/** The streams of many flows, two for each, within one memory limit. */
export class Reassembler {
  private readonly sink: StreamSink
  private readonly limits: { readonly policy: OverlapPolicy; readonly streamBytes: number }
  private readonly totalBytes: number
  private readonly pool = new PagePool()
  private readonly pairs = new Map<number, Pair>()
  /** Streams that hold out-of-order bytes, the one that got some last at the end. */
  private readonly waiting = new Set<Stream>()

  constructor(sink: StreamSink, { policy, streamBytes = MIB, totalBytes = 256 * MIB }: ReassemblyOptions) {
    this.sink = sink
    this.limits = { policy, streamBytes }
    this.totalBytes = totalBytes
  }

  /** Memory held for out-of-order bytes. */
  get held(): number {
    return this.pool.used * PAGE_BYTES
  }

  /** One segment of a flow, borrowed. What it lets the streams say is said before this returns. */
  segment(flow: number, fromClient: boolean, segment: StreamSegment): void {
    const pair = this.pairs.get(flow) ?? this.open(flow)
    const sender = fromClient ? pair.client : pair.server
    const receiver = fromClient ? pair.server : pair.client
    if (segment.flags & ACK) {
      // The SYN+ACK also tells where the other direction begins, whose SYN may be missing.
      if (segment.flags & SYN) receiver.begin(segment.acknowledgement)
      receiver.acknowledged(segment.acknowledgement, segment.time)
      if (this.waiting.size > 0 && !receiver.isWaiting) this.waiting.delete(receiver)
    }
    sender.segment(segment)
    if (sender.isWaiting) this.limit(sender, segment.time)
    else if (this.waiting.size > 0) this.waiting.delete(sender)
  }

  /** The flow is over: what its streams still hold is passed on. */
  end(flow: number, time: number): void {
    const pair = this.pairs.get(flow)
    if (pair === undefined) return
    this.pairs.delete(flow)
    for (const stream of [pair.client, pair.server]) {
      stream.end(time)
      this.waiting.delete(stream)
    }
  }

  private open(flow: number): Pair {
    const stream = (fromClient: boolean): Stream =>
      new Stream(flow, fromClient, this.pool, this.limits, this.sink)
    const pair = { client: stream(true), server: stream(false) }
    this.pairs.set(flow, pair)
    return pair
  }

  /** Whoever waited longest without getting anything gives up first. */
  private limit(stream: Stream, time: number): void {
    this.waiting.delete(stream)
    this.waiting.add(stream)
    while (this.held > this.totalBytes) {
      const [oldest] = this.waiting
      oldest!.giveUp('evicted', time)
      this.waiting.delete(oldest!)
    }
  }
}
