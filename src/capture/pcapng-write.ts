import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_HEADER,
  BLOCK_INTERFACE,
  BLOCK_SECTION,
  BLOCK_STATISTICS,
  BYTE_ORDER_MAGIC,
  OPTION_COMMENT,
  OPTION_END,
  OPTION_INTERFACE_NAME,
  OPTION_INTERFACE_RESOLUTION,
  OPTION_PACKET_FLAGS,
  OPTION_SECTION_APPLICATION,
  OPTION_STATISTICS_INTERFACE_DROPS,
  OPTION_STATISTICS_KERNEL_DROPS,
  OPTION_STATISTICS_RECEIVED,
  padded,
} from './pcapng.ts'
import { encodeUtf8 } from './utf8.ts'

/** Timestamps are in 10^-9 s. */
const NANOSECONDS = 9
/** An option's length is 16 bits; the largest that is still padded inside them. */
const MAX_OPTION = 0xfffc

/** Direction bits of epb_flags. */
export const DIRECTION_UNKNOWN = 0
export const DIRECTION_INBOUND = 1
export const DIRECTION_OUTBOUND = 2

/** A packet in memory that the writer does not own: `bytes[start, start + captured)`. */
export interface PacketToWrite {
  /** As `interface()` returned it. */
  readonly iface: number
  /** Nanoseconds since the writer's `originSeconds`. */
  readonly time: number
  readonly bytes: Uint8Array
  readonly start: number
  readonly captured: number
  readonly original: number
  readonly comments?: readonly string[]
  readonly direction?: number
}

/** `undefined` counts are left out. */
export interface StatisticsToWrite {
  readonly iface: number
  /** Nanoseconds since the writer's `originSeconds`. */
  readonly time: number
  readonly received: number | undefined
  readonly droppedKernel: number | undefined
  readonly droppedInterface: number | undefined
}

/**
 * Makes the bytes of a pcapng file: one section, little-endian, nanoseconds. Opens nothing: the caller writes what
 * `take()` returns. An interface comes before its packets, statistics come last.
 */
export class PcapngWriter {
  /** Epoch second from which the times of packets count: `PacketSource.originSeconds`, known with the first packet. */
  originSeconds = 0
  #bytes = new Uint8Array(1 << 16)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  #blockStart = 0
  #hasOptions = false
  #interfaces = 0

  /** `application` names the program and its version. */
  constructor(application: string) {
    this.#begin(BLOCK_SECTION, 16)
    this.#word(BYTE_ORDER_MAGIC)
    this.#word(0x00000001) // version 1.0
    this.#word(0xffffffff) // section length not given
    this.#word(0xffffffff)
    this.#text(OPTION_SECTION_APPLICATION, application)
    this.#end()
  }

  /** Bytes that wait to be taken. */
  get pending(): number {
    return this.#length
  }

  /** Describes one interface; returns its number in this file. */
  interface(name: string | undefined, linkType: number, snaplen: number): number {
    this.#begin(BLOCK_INTERFACE, 8)
    this.#word(linkType)
    this.#word(snaplen)
    if (name !== undefined) this.#text(OPTION_INTERFACE_NAME, name)
    this.#option(OPTION_INTERFACE_RESOLUTION, 1)
    this.#word(NANOSECONDS)
    this.#end()
    return this.#interfaces++
  }

  packet(packet: PacketToWrite): void {
    const { bytes, start, captured } = packet
    this.#begin(BLOCK_ENHANCED_PACKET, 20 + captured)
    this.#word(packet.iface)
    this.#time(packet.time)
    this.#word(captured)
    this.#word(packet.original)
    this.#bytes.set(bytes.subarray(start, start + captured), this.#length)
    this.#pad(captured)
    for (const comment of packet.comments ?? []) this.#text(OPTION_COMMENT, comment)
    if (packet.direction !== undefined && packet.direction !== DIRECTION_UNKNOWN) {
      this.#option(OPTION_PACKET_FLAGS, 4)
      this.#word(packet.direction)
    }
    this.#end()
  }

  statistics(statistics: StatisticsToWrite): void {
    this.#begin(BLOCK_STATISTICS, 12)
    this.#word(statistics.iface)
    this.#time(statistics.time)
    this.#count(OPTION_STATISTICS_RECEIVED, statistics.received)
    this.#count(OPTION_STATISTICS_INTERFACE_DROPS, statistics.droppedInterface)
    this.#count(OPTION_STATISTICS_KERNEL_DROPS, statistics.droppedKernel)
    this.#end()
  }

  /** Everything since the last call. Borrowed: valid until the writer is used again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }

  /** Starts a block, with room for `body` bytes, padding and all that ends it. */
  #begin(type: number, body: number): void {
    this.#reserve(BLOCK_HEADER + body + 16)
    this.#blockStart = this.#length
    this.#hasOptions = false
    this.#word(type)
    this.#word(0)
  }

  /** Ends the options, if there are any, and fills in both lengths. */
  #end(): void {
    if (this.#hasOptions) this.#option(OPTION_END, 0)
    const length = this.#length + 4 - this.#blockStart
    this.#view.setUint32(this.#blockStart + 4, length, true)
    this.#word(length)
  }

  #option(code: number, size: number): void {
    this.#reserve(padded(size) + 16)
    this.#hasOptions = true
    this.#view.setUint16(this.#length, code, true)
    this.#view.setUint16(this.#length + 2, size, true)
    this.#length += 4
  }

  #text(code: number, text: string): void {
    const bytes = encodeUtf8(text).subarray(0, MAX_OPTION)
    this.#option(code, bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#pad(bytes.length)
  }

  #count(code: number, count: number | undefined): void {
    if (count === undefined) return
    this.#option(code, 8)
    this.#word(count % 2 ** 32)
    this.#word(Math.floor(count / 2 ** 32))
  }

  /** 64 bits of nanoseconds since 1970, high word first; in 16-bit steps, exact below 2^53. */
  #time(time: number): void {
    const whole = Math.floor(time / 1e9)
    const seconds = this.originSeconds + whole
    const upper = Math.floor(seconds / 0x10000) * 1e9
    const lower = (seconds % 0x10000) * 1e9 + Math.floor(time - whole * 1e9) + (upper % 0x10000) * 0x10000
    this.#word(Math.floor(upper / 0x10000) + Math.floor(lower / 2 ** 32))
    this.#word(lower % 2 ** 32)
  }

  #word(value: number): void {
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Steps over `length` bytes just written and their padding, which becomes zero. */
  #pad(length: number): void {
    this.#bytes.fill(0, this.#length + length, this.#length + padded(length))
    this.#length += padded(length)
  }

  #reserve(room: number): void {
    if (this.#length + room <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + room, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
