import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_IP } from './layer.ts'

// 3GPP TS 29.281 section 5.1.
const FLAGS = 0
const TYPE = 1
const LENGTH = 2
const TUNNEL = 4
const NEXT_EXTENSION = 11
const MIN_LENGTH = 8
/** Sequence number, N-PDU number and type of the next extension: all there when any one is announced. */
const OPTIONAL_LENGTH = 4

const VERSION_AND_KIND = 0xf0
/** Version 1, and not the charging protocol. */
const GTP_1 = 0x30
const OPTIONAL = 0x07
const EXTENSION = 0x04
/** The message that carries a user's packet. */
const TYPE_PACKET = 255

/** GTP-U header of a user's packet. Borrowed: valid after `at()` returned true, until the next packet. */
export class GtpHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  /** Bytes, extension headers included. */
  headerLength = 0

  /** False when it is not whole in the capture, and for every other version and message. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end) return false
    const flags = frame.view.getUint8(offset + FLAGS)
    if ((flags & VERSION_AND_KIND) !== GTP_1 || frame.view.getUint8(offset + TYPE) !== TYPE_PACKET)
      return false
    let length = MIN_LENGTH
    if ((flags & OPTIONAL) !== 0) {
      length += OPTIONAL_LENGTH
      if (offset + length > frame.end) return false
      let next = (flags & EXTENSION) !== 0 ? frame.view.getUint8(offset + NEXT_EXTENSION) : 0
      // Each extension begins with its length in words and ends with the type of the next.
      while (next !== 0) {
        if (offset + length >= frame.end) return false
        const words = frame.view.getUint8(offset + length)
        length += words * 4
        if (words === 0 || offset + length > frame.end) return false
        next = frame.view.getUint8(offset + length - 1)
      }
    }
    this.headerLength = length
    return true
  }

  /** Tunnel endpoint identifier; each end chooses its own, so the two directions of a session differ. */
  get tunnel(): number {
    return this.view.getUint32(this.offset + TUNNEL)
  }

  get etherType(): number {
    return LAYER_IP
  }

  static emit(view: DataView, offset: number, fields: GtpFields): number {
    view.setUint8(offset + FLAGS, GTP_1)
    view.setUint8(offset + TYPE, TYPE_PACKET)
    view.setUint16(offset + LENGTH, fields.length ?? 0)
    view.setUint32(offset + TUNNEL, fields.tunnel)
    return MIN_LENGTH
  }
}

export interface GtpFields {
  readonly tunnel: number
  /** Bytes behind the first eight. */
  readonly length?: number
}

export const GTP_PORT = 2152
