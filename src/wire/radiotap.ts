import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_WLAN } from './layer.ts'

// radiotap.org: version, padding, length and a bit map of what follows, all little-endian.
const VERSION = 0
const LENGTH = 2
const MIN_LENGTH = 8

/** Radio information before an 802.11 frame. Borrowed: valid after `at()` returned true, until the next packet. */
export class RadiotapHeader {
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

  get etherType(): number {
    return LAYER_WLAN
  }

  static emit(view: DataView, offset: number, fields: { readonly headerLength: number }): number {
    view.setUint16(offset + VERSION, 0)
    view.setUint16(offset + LENGTH, fields.headerLength, true)
    view.setUint32(offset + 4, 0)
    return MIN_LENGTH
  }
}
