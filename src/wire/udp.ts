import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 768.
const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const LENGTH = 4
const CHECKSUM = 6
const HEADER_LENGTH = 8

/** UDP header (RFC 768). Borrowed: valid after `at()` returned true, until the next packet. */
export class UdpHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when fewer than 8 bytes are captured or the length field says less than the header (0 means jumbo). */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + HEADER_LENGTH > frame.end) return false
    const length = this.length
    return length >= HEADER_LENGTH || length === 0
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset + SOURCE_PORT)
  }

  get destinationPort(): number {
    return this.view.getUint16(this.offset + DESTINATION_PORT)
  }

  /** Header and payload, bytes; 0 in a jumbogram (RFC 2675 section 4). */
  get length(): number {
    return this.view.getUint16(this.offset + LENGTH)
  }

  /** 0 when the sender made none. */
  get checksum(): number {
    return this.view.getUint16(this.offset + CHECKSUM)
  }

  static emit(view: DataView, offset: number, fields: UdpFields): number {
    view.setUint16(offset + SOURCE_PORT, fields.sourcePort)
    view.setUint16(offset + DESTINATION_PORT, fields.destinationPort)
    view.setUint16(offset + LENGTH, fields.length)
    view.setUint16(offset + CHECKSUM, fields.checksum ?? 0)
    return HEADER_LENGTH
  }
}

export interface UdpFields {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly length: number
  readonly checksum?: number
}

export const UDP_HEADER_LENGTH = HEADER_LENGTH
