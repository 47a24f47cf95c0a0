import type { PacketBatch } from './batch.ts'
import {
  type CaptureDamage,
  type CaptureDecoder,
  largestPacket,
  type RecordedDrops,
  type RecordedName,
} from './decoder.ts'
import type { CaptureInterface } from './source.ts'

// draft-ietf-opsawg-pcap: magic, version, two unused words, snaplen, link type.
const VERSION_MAJOR = 4
const VERSION_MINOR = 6
const SNAPLEN = 16
const LINK_TYPE = 20
const FILE_HEADER = 24
// Each packet: seconds, fraction of a second, captured and original length.
const SECONDS = 0
const FRACTION = 4
const CAPTURED = 8
const ORIGINAL = 12
const RECORD_HEADER = 16
/** A patched libpcap of the 1990s put interface, protocol and packet type behind the four words. */
const MODIFIED_RECORD_HEADER = 24

const MAGIC_MICROSECONDS = 0xa1b2c3d4
const MAGIC_NANOSECONDS = 0xa1b23c4d
const MAGIC_MODIFIED = 0xa1b2cd34
/** Bits 26 and up say whether frames end in a checksum, and how long it is; those between must be zero. */
const LINK_TYPE_MASK = 0x03ffffff
const LARGEST_LINK_TYPE = 0xffff

/** Reads pcap files of both byte orders, in microseconds and nanoseconds. Contract: `CaptureDecoder`. */
export class PcapDecoder implements CaptureDecoder {
  readonly format = 'pcap'
  readonly interfaces: CaptureInterface[] = []
  readonly drops: RecordedDrops = { kernel: undefined, interface: undefined }
  readonly names: readonly RecordedName[] = []
  originSeconds = 0
  needed = FILE_HEADER
  damage: CaptureDamage | undefined
  /** Bytes of the file consumed so far. */
  #position = 0
  #littleEndian = false
  #nanosPerFraction = 1000
  #recordHeader = RECORD_HEADER
  #mayBeSwapped = false
  #largest = 0
  #started = false

  decode(_bytes: Uint8Array, view: DataView, from: number, end: number, batch: PacketBatch): number {
    let at = from
    if (this.interfaces.length === 0 && this.damage === undefined && end - from >= FILE_HEADER) {
      this.#readHeader(view, from)
      at += this.interfaces.length * FILE_HEADER
    }
    if (this.interfaces.length > 0 && this.damage === undefined) {
      const records = at
      at = this.#readRecords(view, records, end, batch, this.#position + records - from)
    }
    this.#position += at - from
    return at - from
  }

  finish(leftover: number): CaptureDamage | undefined {
    if (this.damage === undefined && leftover > 0) {
      const part = this.interfaces.length === 0 ? 'file header' : 'record'
      this.#stop(this.#position, `${part} is cut short: ${leftover} of ${this.needed} bytes`)
    }
    return this.damage
  }

  #readHeader(view: DataView, at: number): void {
    const big = view.getUint32(at)
    this.#littleEndian = !isPcapMagic(big)
    const magic = view.getUint32(at, this.#littleEndian)
    if (!isPcapMagic(magic)) {
      this.#stop(0, 'not a pcap file')
      return
    }
    const major = view.getUint16(at + VERSION_MAJOR, this.#littleEndian)
    const minor = view.getUint16(at + VERSION_MINOR, this.#littleEndian)
    // 543.0 was written by DG/UX tcpdump.
    if (major !== 2 && major !== 543) {
      this.#stop(0, `unsupported pcap version ${major}.${minor}`)
      return
    }
    if (magic === MAGIC_NANOSECONDS) this.#nanosPerFraction = 1
    if (magic === MAGIC_MODIFIED) this.#recordHeader = MODIFIED_RECORD_HEADER
    // Up to version 2.3, and in 543.0, some writers put the original length first.
    this.#mayBeSwapped = major === 543 || minor < 4
    const linkType = view.getUint32(at + LINK_TYPE, this.#littleEndian) & LINK_TYPE_MASK
    if (linkType > LARGEST_LINK_TYPE) {
      this.#stop(0, `impossible link type ${linkType}`)
      return
    }
    this.#largest = largestPacket(linkType)
    this.needed = this.#recordHeader
    const snaplen = view.getUint32(at + SNAPLEN, this.#littleEndian)
    this.interfaces.push({ name: undefined, linkType, snaplen })
  }

  /** Returns where the first record begins that is not whole or not sane. `position` is where `at` is in the file. */
  #readRecords(view: DataView, at: number, end: number, batch: PacketBatch, position: number): number {
    const little = this.#littleEndian
    const begin = at
    this.needed = this.#recordHeader
    if (this.#started) at = this.#walk(at, end, batch)
    while (at + this.#recordHeader <= end) {
      let captured = view.getUint32(at + CAPTURED, little)
      let original = view.getUint32(at + ORIGINAL, little)
      if (captured > original) {
        if (this.#mayBeSwapped) [captured, original] = [original, captured]
        else original = captured
      }
      if (captured > this.#largest) {
        this.#stop(position + at - begin, `record of ${captured} bytes, more than any packet has`)
        break
      }
      const data = at + this.#recordHeader
      if (data + captured > end) {
        this.needed = this.#recordHeader + captured
        break
      }
      const seconds = view.getUint32(at + SECONDS, little)
      const isFirst = !this.#started
      if (isFirst) {
        this.#started = true
        this.originSeconds = seconds
      }
      const nanos = view.getUint32(at + FRACTION, little) * this.#nanosPerFraction
      batch.push(data, captured, original, (seconds - this.originSeconds) * 1e9 + nanos, 0)
      at = data + captured
      if (isFirst) at = this.#walk(at, end, batch)
    }
    return at
  }

  /** What needs no judgement is read by the batch itself, where it can. */
  #walk(from: number, end: number, batch: PacketBatch): number {
    return batch.walk({
      from,
      end,
      littleEndian: this.#littleEndian,
      header: this.#recordHeader,
      largest: this.#largest,
      nanosPerFraction: this.#nanosPerFraction,
      originSeconds: this.originSeconds,
    })
  }

  #stop(offset: number, message: string): void {
    this.damage = { offset, message }
  }
}

function isPcapMagic(magic: number): boolean {
  return magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS || magic === MAGIC_MODIFIED
}

/** The 24 bytes that begin a pcap file: this machine's usual order (little-endian), nanoseconds. */
export function pcapFileHeader(linkType: number, snaplen: number): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC_NANOSECONDS, true)
  view.setUint16(VERSION_MAJOR, 2, true)
  view.setUint16(VERSION_MINOR, 4, true)
  view.setUint32(SNAPLEN, snaplen, true)
  view.setUint32(LINK_TYPE, linkType, true)
  return bytes
}

/** One record: `seconds` since the epoch, `nanos` below 10^9, lengths in bytes; `packet` is what was captured. */
export function pcapRecord(seconds: number, nanos: number, packet: Uint8Array, original: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER + packet.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(SECONDS, seconds, true)
  view.setUint32(FRACTION, nanos, true)
  view.setUint32(CAPTURED, packet.length, true)
  view.setUint32(ORIGINAL, original, true)
  bytes.set(packet, RECORD_HEADER)
  return bytes
}
