import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 9293 section 3.1.
const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const SEQUENCE = 4
const ACKNOWLEDGEMENT = 8
const DATA_OFFSET_FLAGS = 12
const WINDOW = 14
const CHECKSUM = 16
const URGENT_POINTER = 18
const MIN_LENGTH = 20

/** TCP header (RFC 9293). Borrowed: valid after `at()` returned true, until the next packet. */
export class TcpHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when fewer than 20 bytes are captured or the header length is not 20 bytes to the segment's end. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end) return false
    const length = this.headerLength
    return length >= MIN_LENGTH && offset + length <= frame.wireEnd
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset + SOURCE_PORT)
  }

  get destinationPort(): number {
    return this.view.getUint16(this.offset + DESTINATION_PORT)
  }

  get sequence(): number {
    return this.view.getUint32(this.offset + SEQUENCE)
  }

  get acknowledgement(): number {
    return this.view.getUint32(this.offset + ACKNOWLEDGEMENT)
  }

  /** Bytes, options included. */
  get headerLength(): number {
    return (this.view.getUint8(this.offset + DATA_OFFSET_FLAGS) >> 4) * 4
  }

  /** The nine flags, AE to FIN, as one number. */
  get flags(): number {
    return this.view.getUint16(this.offset + DATA_OFFSET_FLAGS) & FLAGS_MASK
  }

  /** As sent, unscaled. */
  get window(): number {
    return this.view.getUint16(this.offset + WINDOW)
  }

  get checksum(): number {
    return this.view.getUint16(this.offset + CHECKSUM)
  }

  get urgentPointer(): number {
    return this.view.getUint16(this.offset + URGENT_POINTER)
  }

  /** Writes a header for tests and scenarios; options are written behind it by the caller. Returns its 20 bytes. */
  static emit(view: DataView, offset: number, fields: TcpFields): number {
    const headerLength = fields.headerLength ?? MIN_LENGTH
    view.setUint16(offset + SOURCE_PORT, fields.sourcePort)
    view.setUint16(offset + DESTINATION_PORT, fields.destinationPort)
    view.setUint32(offset + SEQUENCE, fields.sequence)
    view.setUint32(offset + ACKNOWLEDGEMENT, fields.acknowledgement ?? 0)
    view.setUint16(offset + DATA_OFFSET_FLAGS, ((headerLength / 4) << 12) | (fields.flags & FLAGS_MASK))
    view.setUint16(offset + WINDOW, fields.window ?? 0)
    view.setUint16(offset + CHECKSUM, fields.checksum ?? 0)
    view.setUint16(offset + URGENT_POINTER, fields.urgentPointer ?? 0)
    return MIN_LENGTH
  }
}

export interface TcpFields {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement?: number
  /** Bytes, options included; 20 unless given. */
  readonly headerLength?: number
  readonly flags: number
  readonly window?: number
  readonly checksum?: number
  readonly urgentPointer?: number
}

const FLAGS_MASK = 0x1ff
