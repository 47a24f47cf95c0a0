import { setImmediate as loopTurn } from 'node:timers/promises'
import { PacketBatch } from '../../capture/batch.ts'
import { type CaptureCounters, type CaptureInterface, END, type PacketSource } from '../../capture/source.ts'
import { NANOS_PER_MS } from '../../flow/time.ts'
import type { Playback } from '../../live/playback.ts'

/** Packets handed over at a time: keys are answered in between. */
const MOST = 2000
/** How often more packets are due while it plays, ms. */
const TICK_MS = 40
/** Packets of a step without a turn of the event loop. */
const STEP_TURN = 256

/** A file's packets as the playback's clock comes to them. `read` resolves to `END` when it has to begin again. */
export class PacedSource implements PacketSource {
  readonly engine = 'file'
  readonly #source: PacketSource
  readonly #playback: Playback
  readonly #batch = new PacketBatch()
  #row = 0
  #steps = 0
  #closed = false
  #wake: (() => void) | undefined

  constructor(source: PacketSource, playback: Playback) {
    this.#source = source
    this.#playback = playback
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#source.interfaces
  }

  get originSeconds(): number {
    return this.#source.originSeconds
  }

  nameOf(address: string): string | undefined {
    return this.#source.nameOf?.(address)
  }

  async read(batch: PacketBatch): Promise<number> {
    while (this.#row >= this.#batch.count) {
      if (this.#ends) return END
      const read = await this.#source.read(this.#batch)
      if (read === END) return END
      this.#row = 0
    }
    if (this.#playback.stepping) {
      if (this.#steps++ % STEP_TURN === 0) await loopTurn()
    } else await this.#due()
    if (this.#ends) return END
    const most = this.#playback.stepping ? 1 : MOST
    const limit = this.#playback.stepping ? Number.POSITIVE_INFINITY : this.#limit()
    const from = this.#batch
    batch.reset(from.bytes, from.view)
    for (; this.#row < from.count && batch.count < most && from.time[this.#row]! <= limit; this.#row++) {
      const row = this.#row
      batch.push(
        from.start[row]!,
        from.captured[row]!,
        from.original[row]!,
        from.time[row]!,
        from.iface[row]!,
      )
      batch.number[batch.count - 1] = from.number[row]!
    }
    return batch.count
  }

  counters(): CaptureCounters {
    return this.#source.counters()
  }

  /** The playback's user changed something. */
  wake(): void {
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.wake()
    this.#source.close()
  }

  get #ends(): boolean {
    return this.#closed || this.#playback.restarting
  }

  /** The clock's time as the source counts, ns. */
  #limit(): number {
    const { now, end } = this.#playback
    // A double's milliseconds are coarser than a packet's time.
    if (now >= end) return Number.POSITIVE_INFINITY
    return (now - this.#source.originSeconds * 1000) * NANOS_PER_MS
  }

  /** Waits until the next packet is due, or what the user wants is something else. */
  async #due(): Promise<void> {
    await loopTurn()
    while (!this.#ends && !this.#playback.stepping && this.#batch.time[this.#row]! > this.#limit()) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        if (this.#playback.playing) timer = setTimeout(resolve, TICK_MS)
      })
      clearTimeout(timer)
    }
  }
}
