import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_ETHERNET } from './layer.ts'

// draft-foschiano-erspan sections 4.2 and 4.3: types II and III, of which GRE announces a mirrored frame.
const VERSION = 0
const FLAGS_III = 11
const HEADER_II = 8
const HEADER_III = 12

/** In type III: eight more bytes follow. */
const FLAG_OPTIONAL = 0x01

/** ERSPAN header. Borrowed: valid after `at()` returned true, until the next packet. */
export class ErspanHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when it is not whole in the capture, or of an unknown version. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + HEADER_II > frame.end) return false
    const { version } = this
    if (version === 2) return offset + HEADER_III <= frame.end && offset + this.headerLength <= frame.end
    return version === 1
  }

  /** 1 for type II, 2 for type III. */
  get version(): number {
    return this.view.getUint8(this.offset + VERSION) >> 4
  }

  get headerLength(): number {
    if (this.version === 1) return HEADER_II
    const optional = (this.view.getUint8(this.offset + FLAGS_III) & FLAG_OPTIONAL) !== 0
    return optional ? HEADER_III + 8 : HEADER_III
  }

  get etherType(): number {
    return LAYER_ETHERNET
  }

  static emit(view: DataView, offset: number, fields: { readonly version: number }): number {
    view.setUint8(offset + VERSION, fields.version << 4)
    return fields.version === 1 ? HEADER_II : HEADER_III
  }
}
