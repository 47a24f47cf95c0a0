import { ETHERTYPE_TEB } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 8926 section 3.4.
const VERSION_LENGTH = 0
const PROTOCOL = 2
const IDENTIFIER = 4
const MIN_LENGTH = 8

/** GENEVE header. Borrowed: valid after `at()` returned true, until the next packet. */
export class GeneveHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when it is not whole in the capture, or of an unknown version. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end || offset + this.headerLength > frame.end) return false
    return this.view.getUint8(offset + VERSION_LENGTH) >> 6 === 0
  }

  /** Bytes, options included. */
  get headerLength(): number {
    return MIN_LENGTH + (this.view.getUint8(this.offset + VERSION_LENGTH) & 0x3f) * 4
  }

  get etherType(): number {
    return this.view.getUint16(this.offset + PROTOCOL)
  }

  /** VNI, 24 bits: names the network that the packet inside belongs to. */
  get identifier(): number {
    return this.view.getUint32(this.offset + IDENTIFIER) >>> 8
  }

  /** Options, a multiple of 4 bytes, are written behind it by the caller. */
  static emit(view: DataView, offset: number, fields: GeneveFields): number {
    view.setUint8(offset + VERSION_LENGTH, ((fields.headerLength ?? MIN_LENGTH) - MIN_LENGTH) / 4)
    view.setUint8(offset + VERSION_LENGTH + 1, 0)
    view.setUint16(offset + PROTOCOL, fields.etherType ?? ETHERTYPE_TEB)
    view.setUint32(offset + IDENTIFIER, fields.identifier << 8)
    return MIN_LENGTH
  }
}

export interface GeneveFields {
  readonly identifier: number
  /** Ethernet unless given. */
  readonly etherType?: number
  /** Bytes, options included; 8 unless given. */
  readonly headerLength?: number
}

export const GENEVE_PORT = 6081
