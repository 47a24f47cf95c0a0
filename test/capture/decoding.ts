import { PacketBatch } from '../../src/capture/batch.ts'
import type { CaptureDamage, CaptureDecoder } from '../../src/capture/decoder.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'

/** One packet as a test compares it: copied out of its batch. */
export interface DecodedPacket {
  readonly bytes: readonly number[]
  readonly original: number
  readonly time: number
  readonly iface: number
  /** Absent without any. */
  readonly comments?: readonly string[]
}

export interface DecodedFile {
  readonly decoder: CaptureDecoder
  readonly packets: DecodedPacket[]
  readonly damage: CaptureDamage | undefined
}

/**
 * Reads a whole file, giving the decoder `chunk` bytes more each time, and the unconsumed rest again before them,
 * as a reader of files does. Each chunk is in memory of its own, with nothing readable behind it.
 */
export function decodeFile(file: Uint8Array, chunk = file.length): DecodedFile {
  const format = sniffCapture(file)
  if (format !== 'pcap' && format !== 'pcapng') throw new Error(`not a capture: ${format}`)
  const decoder = openDecoder(format)
  const batch = new PacketBatch(1)
  batch.keepsComments = true
  const packets: DecodedPacket[] = []
  let from = 0
  for (let to = Math.min(chunk, file.length); ; to = Math.min(to + chunk, file.length)) {
    const bytes = file.slice(from, to)
    const view = new DataView(bytes.buffer)
    batch.reset(bytes, view)
    from += decoder.decode(bytes, view, 0, bytes.length, batch)
    for (let row = 0; row < batch.count; row++) packets.push(copyRow(batch, row))
    if (to === file.length || decoder.damage !== undefined) break
  }
  return { decoder, packets, damage: decoder.finish(file.length - from) }
}

function copyRow(batch: PacketBatch, row: number): DecodedPacket {
  const start = batch.start[row]!
  const comments = batch.commentsOf(row)
  return {
    bytes: [...batch.bytes.subarray(start, start + batch.captured[row]!)],
    original: batch.original[row]!,
    time: batch.time[row]!,
    iface: batch.iface[row]!,
    ...(comments && { comments }),
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
