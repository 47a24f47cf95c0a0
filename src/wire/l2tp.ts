import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_PPP } from './layer.ts'

// RFC 2661 section 3.1: flags, then length, tunnel, session, sequence numbers and padding, as the flags say.
const FLAGS = 0
const FLAG_CONTROL = 0x8000
const FLAG_LENGTH = 0x4000
const FLAG_SEQUENCE = 0x0800
const FLAG_OFFSET = 0x0200
const VERSION = 0x000f
const MIN_LENGTH = 6

/** Header of an L2TP version 2 data message. Borrowed: valid after `at()` returned true, until the next packet. */
export class L2tpHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  /** Bytes, padding included. */
  headerLength = 0

  /** False when it is not whole in the capture, for control messages and other versions. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end) return false
    const flags = frame.view.getUint16(offset + FLAGS)
    if ((flags & VERSION) !== 2 || (flags & FLAG_CONTROL) !== 0) return false
    let length = MIN_LENGTH
    if ((flags & FLAG_LENGTH) !== 0) length += 2
    if ((flags & FLAG_SEQUENCE) !== 0) length += 4
    if ((flags & FLAG_OFFSET) !== 0) {
      length += 2
      if (offset + length > frame.end) return false
      length += frame.view.getUint16(offset + length - 2)
    }
    this.headerLength = length
    return offset + length <= frame.end
  }

  /** The receiver's number for the tunnel: the two directions differ. */
  get tunnel(): number {
    const sized = (this.view.getUint16(this.offset + FLAGS) & FLAG_LENGTH) !== 0
    return this.view.getUint16(this.offset + (sized ? 4 : 2))
  }

  get etherType(): number {
    return LAYER_PPP
  }

  static emit(view: DataView, offset: number, fields: { readonly tunnel: number }): number {
    view.setUint16(offset + FLAGS, 2)
    view.setUint16(offset + 2, fields.tunnel)
    view.setUint16(offset + 4, 0)
    return MIN_LENGTH
  }
}

export const L2TP_PORT = 1701
