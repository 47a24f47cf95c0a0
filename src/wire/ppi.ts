import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_LINK } from './layer.ts'

// Per-packet information: version, flags, length, link type, little-endian; then fields that are stepped over.
const VERSION = 0
const LENGTH = 2
const LINK_TYPE = 4
const MIN_LENGTH = 8

/** PPI header. Borrowed: valid after `at()` returned true, until the next packet. */
export class PpiHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when it is not whole in the capture, or of an unknown version. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end || frame.view.getUint8(offset + VERSION) !== 0) return false
    const length = this.headerLength
    return length >= MIN_LENGTH && offset + length <= frame.end
  }

  get headerLength(): number {
    return this.view.getUint16(this.offset + LENGTH, true)
  }

  /** LINKTYPE_ value of what follows; numbers that cannot be one become one that nobody has. */
  get linkType(): number {
    return Math.min(this.view.getUint32(this.offset + LINK_TYPE, true), 0xffff)
  }

  get etherType(): number {
    return LAYER_LINK + this.linkType
  }

  static emit(view: DataView, offset: number, fields: PpiFields): number {
    view.setUint16(offset + VERSION, 0)
    view.setUint16(offset + LENGTH, fields.headerLength ?? MIN_LENGTH, true)
    view.setUint32(offset + LINK_TYPE, fields.linkType, true)
    return MIN_LENGTH
  }
}

export interface PpiFields {
  readonly linkType: number
  /** 8 unless given. */
  readonly headerLength?: number
}
