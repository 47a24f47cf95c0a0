import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_LLC } from './layer.ts'

// Frame control, then the six-byte destination and source addresses.
const FRAME_CONTROL = 0
const HEADER_LENGTH = 13

/** Frames of logical link control; the low bits are priority and address length. */
const LLC_MASK = 0x30
const LLC = 0x10

/** FDDI header. Borrowed: valid after `at()` returned true, until the next packet. */
export class FddiHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + HEADER_LENGTH <= frame.end
  }

  get headerLength(): number {
    return HEADER_LENGTH
  }

  get etherType(): number {
    const llc = (this.view.getUint8(this.offset + FRAME_CONTROL) & LLC_MASK) === LLC
    return llc ? LAYER_LLC : 0
  }

  static emit(view: DataView, offset: number, fields: { readonly frameControl: number }): number {
    view.setUint8(offset + FRAME_CONTROL, fields.frameControl)
    return HEADER_LENGTH
  }
}
