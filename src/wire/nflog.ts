import type { Frame } from './frame.ts'
import { LAYER_IP } from './layer.ts'

// LINKTYPE_NFLOG: family, version, resource; then attributes with length and type in the capturing machine's order.
const VERSION = 1
const HEADER_LENGTH = 4
const ATTRIBUTE_LENGTH = 4
const TYPE_MASK = 0x7fff
/** NFULA_PAYLOAD. */
const PAYLOAD = 9

/** NFLOG attributes up to the logged packet. Borrowed: valid after `at()` returned true, until the next packet. */
export class NflogHeader {
  private offset = 0
  private payload = 0

  /** False when there is no packet among the attributes. */
  at(frame: Frame, offset: number): boolean {
    const { view, end } = frame
    this.offset = offset
    if (offset + HEADER_LENGTH > end || view.getUint8(offset + VERSION) !== 0) return false
    let at = offset + HEADER_LENGTH
    while (at + ATTRIBUTE_LENGTH <= end) {
      const little = isLittle(view, at, frame.wireEnd - at)
      const length = view.getUint16(at, little)
      if ((view.getUint16(at + 2, little) & TYPE_MASK) === PAYLOAD) {
        this.payload = at + ATTRIBUTE_LENGTH
        return true
      }
      if (length < ATTRIBUTE_LENGTH) return false
      at += (length + 3) & ~3
    }
    return false
  }

  get headerLength(): number {
    return this.payload - this.offset
  }

  get etherType(): number {
    return LAYER_IP
  }

  /** Writes the header and the attribute that the packet follows. */
  static emit(view: DataView, offset: number, fields: { readonly length: number }): number {
    view.setUint32(offset, 0)
    view.setUint16(offset + HEADER_LENGTH, fields.length + ATTRIBUTE_LENGTH, true)
    view.setUint16(offset + HEADER_LENGTH + 2, PAYLOAD, true)
    return HEADER_LENGTH + ATTRIBUTE_LENGTH
  }
}

/** Types are below 256, so the byte of zeros tells the order; the length must fit the rest of the packet. */
function isLittle(view: DataView, at: number, rest: number): boolean {
  return (view.getUint16(at + 2, true) & TYPE_MASK) < 0x100 && view.getUint16(at, true) <= rest
}
