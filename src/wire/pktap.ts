import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_LINK } from './layer.ts'

// LINKTYPE_PKTAP, of macOS: length, kind of record, link type, all little-endian; then facts about the process.
const LENGTH = 0
const RECORD = 4
const LINK_TYPE = 8
const MIN_LENGTH = 12

/** The kind of record that has a packet behind it. */
const RECORD_PACKET = 1

/** PKTAP header. Borrowed: valid after `at()` returned true, until the next packet. */
export class PktapHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when it is not whole in the capture, or has no packet behind it. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end) return false
    const length = this.headerLength
    if (length < MIN_LENGTH || offset + length > frame.end) return false
    return frame.view.getUint32(offset + RECORD, true) === RECORD_PACKET
  }

  get headerLength(): number {
    return this.view.getUint32(this.offset + LENGTH, true)
  }

  /** LINKTYPE_ value of what follows; numbers that cannot be one become one that nobody has. */
  get linkType(): number {
    return Math.min(this.view.getUint32(this.offset + LINK_TYPE, true), 0xffff)
  }

  get etherType(): number {
    return LAYER_LINK + this.linkType
  }

  static emit(view: DataView, offset: number, fields: PktapFields): number {
    view.setUint32(offset + LENGTH, fields.headerLength ?? MIN_LENGTH, true)
    view.setUint32(offset + RECORD, RECORD_PACKET, true)
    view.setUint32(offset + LINK_TYPE, fields.linkType, true)
    return MIN_LENGTH
  }
}

export interface PktapFields {
  readonly linkType: number
  /** 12 unless given. */
  readonly headerLength?: number
}
