import type { PacketBatch } from '../../capture/batch.ts'
import { END, type PacketSource } from '../../capture/source.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import type { Nanos } from '../../flow/time.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import { Frame } from '../../wire/frame.ts'
import { DNS_PORT } from '../../wire/ports.ts'
import { KIND_ICMP, KIND_TCP, KIND_UDP, PacketStack } from '../../wire/stack.ts'
import { EngineBatch } from './engine-batch.ts'

/** How long a stopped run may still work on packets that keep coming, ms. */
const STOP_MS = 100

/** Whoever wants each packet after it was analysed. Everything it is given is borrowed. */
export interface PacketSink {
  packet(batch: PacketBatch, index: number, frame: Frame, stack: PacketStack, row: number): void
}

export interface PumpOptions {
  readonly source: PacketSource
  readonly tracker: FlowTracker
  readonly sink?: PacketSink
  /** Is told each UDP packet of a flow once it was analysed, before the sink is. */
  readonly datagram?: (stack: PacketStack, row: number, time: Nanos) => void
  /** Is told each packet to or from port 53, before it is analysed. */
  readonly dnsPort?: (stack: PacketStack, time: Nanos) => void
  /** Ends after this many packets. */
  readonly count?: number
  /** The sink asks for the comments of packets. */
  readonly comments?: boolean
  /** Called once a read, before its packets are analysed. */
  readonly before: () => void
  /** Called once a read, when its packets were analysed, with how many there were. */
  readonly after: (packets: number) => void
}

/** What went through, in all. Times are nanoseconds since the source's origin, `NaN` before the first packet. */
export class Totals {
  packets = 0
  bytes = 0
  skipped = 0
  first = Number.NaN
  last = Number.NaN
}

/** Moves packets from the source through decoder and tracker until the source ends or `count` is reached. */
export class Pump {
  readonly totals = new Totals()
  readonly #options: PumpOptions
  readonly #frame = new Frame()
  readonly #stack = new PacketStack()
  readonly #batch: PacketBatch
  #stopAt: number | undefined

  constructor(options: PumpOptions) {
    this.#options = options
    this.#batch = new EngineBatch(options.tracker.engine)
    this.#batch.keepsComments = options.comments === true
  }

  async run(): Promise<void> {
    const { source, before, after, count = Number.POSITIVE_INFINITY } = this.#options
    for (;;) {
      const read = await source.read(this.#batch)
      if (read === END) return
      before()
      this.#analyse(Math.min(read, count - this.totals.packets))
      after(read)
      if (this.totals.packets >= count) return
      if (this.#stopAt !== undefined && (read === 0 || performance.now() > this.#stopAt)) return
    }
  }

  /** Ends the run once what has already arrived is analysed, at most `STOP_MS` from now. */
  stop(): void {
    this.#stopAt ??= performance.now() + STOP_MS
  }

  /** The packet path: nothing in this loop allocates. */
  #analyse(count: number): void {
    if (count === 0) return
    const { source, tracker, sink, datagram, dnsPort } = this.#options
    const batch = this.#batch
    const frame = this.#frame
    const stack = this.#stack
    const totals = this.totals
    const { interfaces } = source
    frame.rebind(batch.bytes, batch.view)
    if (totals.packets === 0) totals.first = batch.time[0]!
    totals.packets += count
    const alone = sink === undefined
    if (alone) tracker.load(batch, count, interfaces)
    for (let index = 0; index < count; index++) {
      if (alone) index = tracker.run(index, count)
      if (index === count) break
      const iface = batch.iface[index]!
      frame.move(batch.start[index]!, batch.captured[index]!, batch.original[index]!)
      const time = batch.time[index]! as Nanos
      const kind = stack.walk(frame, interfaces[iface]!.linkType, time)
      if (kind !== KIND_TCP && kind !== KIND_UDP && kind !== KIND_ICMP) totals.skipped += 1
      if (dnsPort !== undefined && (stack.sourcePort === DNS_PORT || stack.destinationPort === DNS_PORT))
        dnsPort(stack, time)
      const row = tracker.packet(stack, time, iface, batch.number[index]!)
      if (kind === KIND_UDP && row !== NO_FLOW && datagram !== undefined) datagram(stack, row, time)
      if (sink !== undefined) sink.packet(batch, index, frame, stack, row)
    }
    totals.bytes += tracker.engine.calls.wireBytes(count)
    totals.last = batch.time[count - 1]!
  }
}
