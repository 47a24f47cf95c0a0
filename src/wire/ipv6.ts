import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 8200 section 3.
const VERSION_CLASS = 0
const PAYLOAD_LENGTH = 4
const NEXT_HEADER = 6
const HOP_LIMIT = 7
const SOURCE = 8
const DESTINATION = 24
const HEADER_LENGTH = 40

/** IPv6 header (RFC 8200). Borrowed: valid after `at()` returned true, until the next packet. */
export class Ipv6Header {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when fewer than 40 bytes are captured or the version is another. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + HEADER_LENGTH <= frame.end && this.version === 6
  }

  get version(): number {
    return this.view.getUint8(this.offset + VERSION_CLASS) >> 4
  }

  get trafficClass(): number {
    return (this.view.getUint16(this.offset + VERSION_CLASS) >> 4) & 0xff
  }

  get flowLabel(): number {
    return this.view.getUint32(this.offset + VERSION_CLASS) & 0xfffff
  }

  /** Everything after the 40 bytes, extension headers included; 0 in a jumbogram (RFC 2675). */
  get payloadLength(): number {
    return this.view.getUint16(this.offset + PAYLOAD_LENGTH)
  }

  get nextHeader(): number {
    return this.view.getUint8(this.offset + NEXT_HEADER)
  }

  get hopLimit(): number {
    return this.view.getUint8(this.offset + HOP_LIMIT)
  }

  /** Word 0 to 3 of the source address. */
  source(word: number): number {
    return this.view.getUint32(this.offset + SOURCE + word * 4)
  }

  /** Word 0 to 3 of the destination address. */
  destination(word: number): number {
    return this.view.getUint32(this.offset + DESTINATION + word * 4)
  }

  static emit(view: DataView, offset: number, fields: Ipv6Fields): number {
    const first = 0x60000000 | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0)
    view.setUint32(offset + VERSION_CLASS, first)
    view.setUint16(offset + PAYLOAD_LENGTH, fields.payloadLength)
    view.setUint8(offset + NEXT_HEADER, fields.nextHeader)
    view.setUint8(offset + HOP_LIMIT, fields.hopLimit ?? 64)
    for (let word = 0; word < 4; word++) {
      view.setUint32(offset + SOURCE + word * 4, fields.source[word]!)
      view.setUint32(offset + DESTINATION + word * 4, fields.destination[word]!)
    }
    return HEADER_LENGTH
  }
}

export interface Ipv6Fields {
  readonly trafficClass?: number
  readonly flowLabel?: number
  readonly payloadLength: number
  readonly nextHeader: number
  readonly hopLimit?: number
  /** 4 words each. */
  readonly source: ArrayLike<number>
  readonly destination: ArrayLike<number>
}

export const IPV6_HEADER_LENGTH = HEADER_LENGTH
