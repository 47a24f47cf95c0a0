import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_PPP } from './layer.ts'

// RFC 2516 section 4: version and type, code, session, length.
const VERSION_TYPE = 0
const CODE = 1
const SESSION = 2
const LENGTH = 4
const HEADER_LENGTH = 6

/** PPPoE header of a session's packet. Borrowed: valid after `at()` returned true, until the next packet. */
export class PppoeHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False also for another version, and for what is not a session's data. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + HEADER_LENGTH > frame.end) return false
    return this.view.getUint8(offset + VERSION_TYPE) === 0x11 && this.view.getUint8(offset + CODE) === 0
  }

  get session(): number {
    return this.view.getUint16(this.offset + SESSION)
  }

  get headerLength(): number {
    return HEADER_LENGTH
  }

  get etherType(): number {
    return LAYER_PPP
  }

  static emit(view: DataView, offset: number, fields: { readonly session: number }): number {
    view.setUint8(offset + VERSION_TYPE, 0x11)
    view.setUint8(offset + CODE, 0)
    view.setUint16(offset + SESSION, fields.session)
    view.setUint16(offset + LENGTH, 0)
    return HEADER_LENGTH
  }
}

export const ETHERTYPE_PPPOE = 0x8864
