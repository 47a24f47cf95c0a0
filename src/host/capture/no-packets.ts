import type { PacketBatch } from '../../capture/batch.ts'
import { type CaptureCounters, type CaptureInterface, END } from '../../capture/source.ts'
import { originNow } from '../clock.ts'
import type { Waiter } from '../wait.ts'
import type { LiveSource } from './live-source.ts'

/** A live source without packets: its reads only keep time for what the kernel tells. */
export class NoPackets implements LiveSource {
  readonly engine = 'none'
  readonly timestamps = 'kernel'
  readonly interfaces: readonly CaptureInterface[] = []
  readonly originSeconds: number = originNow()
  readonly failure = undefined
  readonly #waiter: Waiter
  #closed = false

  constructor(waiter: Waiter) {
    this.#waiter = waiter
  }

  async read(batch: PacketBatch): Promise<number> {
    batch.count = 0
    if (!this.#closed) await this.#waiter.wait()
    return this.#closed ? END : 0
  }

  counters(): CaptureCounters {
    return { received: 0, droppedKernel: undefined, droppedInterface: undefined }
  }

  close(): void {
    this.#closed = true
  }
}
