import type { PacketBatch } from './batch.ts'
import type { CaptureInterface } from './source.ts'

export type CaptureFormat = 'pcap' | 'pcapng'

/** Where a file stops making sense. `offset` counts bytes from the start of the (uncompressed) file. */
export interface CaptureDamage {
  readonly offset: number
  /** What is wrong, without offset and full stop: `record is cut short: 40 of 98 bytes`. */
  readonly message: string
}

/** What the statistics blocks of a file say; `undefined` where the file says nothing. */
export interface RecordedDrops {
  readonly kernel: number | undefined
  readonly interface: number | undefined
}

/** A name that a file gives an address. */
export interface RecordedName {
  readonly family: 4 | 6
  /** The address in 4 big-endian words; IPv4 in the first, the others 0. */
  readonly words: Uint32Array
  readonly name: string
}

/**
 * Turns the bytes of one capture file into rows of a batch, piece by piece. Pure: it opens nothing, and keeps
 * no byte between calls. Made by `openDecoder` (sniff.ts).
 *
 * ```
 * batch.reset(chunk, view)
 * used = decoder.decode(chunk, view, 0, filled, batch)   // rows point into chunk
 * … analyse batch, carry chunk[used, filled) over to the front of the next chunk, read more behind it …
 * at the end of the file: decoder.finish(filled - used)
 * ```
 * Damage stops it: everything before is kept, `decode` consumes nothing more and `damage` says where.
 * Damage at offset 0 means that no byte of the file could be read as a capture.
 */
export interface CaptureDecoder {
  readonly format: CaptureFormat
  /** Grows while a pcapng file is read; indexes never change. */
  readonly interfaces: readonly CaptureInterface[]
  /** Epoch second (an integer) of the first packet, from which `PacketBatch.time` counts; 0 before it. */
  readonly originSeconds: number
  /**
   * After `decode`: bytes that must stand together, counted from the first one not consumed, before `decode`
   * can get any further. A caller whose chunk is smaller grows it; bounded by `MAX_RECORD` and a header.
   */
  readonly needed: number
  readonly damage: CaptureDamage | undefined
  readonly drops: RecordedDrops
  /** Grows while a pcapng file is read, often only behind its first packets: one name for each address. */
  readonly names: readonly RecordedName[]
  /**
   * Appends the whole packets of `bytes[from, end)` to `batch`, which must already stand on `bytes` and `view`.
   * Returns how many bytes were consumed.
   */
  decode(bytes: Uint8Array, view: DataView, from: number, end: number, batch: PacketBatch): number
  /** At the end of the file: `leftover` bytes stayed unconsumed. Returns `damage`, or that the last record is cut. */
  finish(leftover: number): CaptureDamage | undefined
}

/** Largest block or record that is believed, bytes: libpcap's bound for USB and D-Bus captures. */
export const MAX_RECORD = 128 * 1024 * 1024

/** Largest packet that tcpdump and Wireshark write or accept on every other link, bytes. */
const MAX_PACKET = 262_144
const LINK_DBUS = 231
const LINK_USB_PCAP = 249

/** Captured bytes of one packet beyond which the file is damaged. */
export function largestPacket(linkType: number): number {
  return linkType === LINK_DBUS || linkType === LINK_USB_PCAP ? MAX_RECORD : MAX_PACKET
}
