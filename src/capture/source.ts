import type { PacketBatch } from './batch.ts'

/** `none`: a live source without packets. */
export type Engine = 'ring' | 'cap' | 'file' | 'none'

/** One interface as a source knows it; `PacketBatch.iface` indexes the source's list. */
export interface CaptureInterface {
  /** Name as the kernel or the file gives it; `undefined` when a file names none. */
  readonly name: string | undefined
  readonly linkType: number
  readonly snaplen: number
}

/** Totals since the source was opened; `undefined` where the engine cannot know. */
export interface CaptureCounters {
  /** Packets that passed the filter, whether or not they reached us. */
  readonly received: number
  readonly droppedKernel: number | undefined
  readonly droppedInterface: number | undefined
}

/** What `PacketSource.read` resolves to when there will never be another packet. */
export const END = -1

/**
 * Where packets come from. Ring, `cap` and capture files implement it and pass one conformance suite
 * (test/capture/source-conformance.ts).
 */
export interface PacketSource {
  readonly engine: Engine
  /** Grows while a pcapng file is read or an interface appears; indexes never change. */
  readonly interfaces: readonly CaptureInterface[]
  /** Epoch seconds (an integer) from which all times of this source count; 0 before the first packet. */
  readonly originSeconds: number
  /**
   * Fills `batch` (borrowed until the next call) and resolves to its packet count, to 0 when something
   * else woke the wait (a timer tick, another descriptor), to `END` after the last packet or `close()`.
   */
  read(batch: PacketBatch): Promise<number>
  counters(): CaptureCounters
  /** The name that the source itself gives an address (canonical text): a file can bring names along. */
  nameOf?(address: string): string | undefined
  /** Stops the source; a pending `read` resolves to `END` soon after. Idempotent. */
  close(): void
}
