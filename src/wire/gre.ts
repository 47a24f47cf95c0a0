import { ETHERTYPE_TEB } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_IP } from './layer.ts'

// RFC 2784 and 2890; version 1 is that of PPTP (RFC 2637 section 4.1).
const FLAGS = 0
const PROTOCOL = 2
const MIN_LENGTH = 4

const FLAG_CHECKSUM = 0x8000
/** Source routing (RFC 1701), which brings the checksum's four bytes too. */
const FLAG_ROUTING = 0x4000
const FLAG_KEY = 0x2000
const FLAG_SEQUENCE = 0x1000
const FLAG_ACKNOWLEDGEMENT = 0x0080
const VERSION = 0x0007

/** GRE header. Borrowed: valid after `at()` returned true, until the next packet. */
export class GreHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  /** Bytes, with every optional field that the flags announce. */
  headerLength = 0

  /** False when it is not whole in the capture, or of an unknown version. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end || (this.flags & VERSION) > 1) return false
    const { flags } = this
    let length = MIN_LENGTH
    if ((flags & (FLAG_CHECKSUM | FLAG_ROUTING)) !== 0) length += 4
    if ((flags & FLAG_KEY) !== 0) length += 4
    if ((flags & FLAG_SEQUENCE) !== 0) length += 4
    if ((flags & VERSION) === 1 && (flags & FLAG_ACKNOWLEDGEMENT) !== 0) length += 4
    if ((flags & FLAG_ROUTING) !== 0) length = routed(frame, offset, length)
    if (this.protocol === PROTOCOL_WCCP && isRedirectHeader(frame, offset + length)) length += 4
    this.headerLength = length
    return offset + length <= frame.end
  }

  get flags(): number {
    return this.view.getUint16(this.offset + FLAGS)
  }

  private get protocol(): number {
    return this.view.getUint16(this.offset + PROTOCOL)
  }

  /** An EtherType, or a number of that kind that only GRE gives. */
  get etherType(): number {
    const { protocol } = this
    if (protocol === PROTOCOL_WCCP) return LAYER_IP
    // ERSPAN of the first kind has no header of its own: it is without sequence number.
    if (protocol === PROTOCOL_ERSPAN && (this.flags & FLAG_SEQUENCE) === 0) return ETHERTYPE_TEB
    return protocol
  }

  /** The key, 32 bits; 0 without one, and in PPTP, where it is a call that each side numbers. */
  get key(): number {
    const { flags } = this
    if ((flags & FLAG_KEY) === 0 || (flags & VERSION) !== 0) return 0
    const checked = (flags & (FLAG_CHECKSUM | FLAG_ROUTING)) !== 0
    return this.view.getUint32(this.offset + MIN_LENGTH + (checked ? 4 : 0))
  }

  /** Writes a header with the key, if there is one, as its only optional field. */
  static emit(view: DataView, offset: number, fields: GreFields): number {
    view.setUint16(offset + FLAGS, fields.key === undefined ? 0 : FLAG_KEY)
    view.setUint16(offset + PROTOCOL, fields.etherType)
    if (fields.key === undefined) return MIN_LENGTH
    view.setUint32(offset + MIN_LENGTH, fields.key)
    return MIN_LENGTH + 4
  }
}

/** Steps over source route entries: family, offset, length, and an empty one at the end (RFC 1701). */
function routed(frame: Frame, offset: number, length: number): number {
  while (offset + length + 4 <= frame.end) {
    const size = frame.view.getUint8(offset + length + 3)
    const last = frame.view.getUint32(offset + length) === 0
    length += 4 + size
    if (last) break
  }
  return length
}

export interface GreFields {
  readonly etherType: number
  readonly key?: number
}

/** WCCP, version 1 as 2: only the latter's redirect header tells them apart, by not looking like IPv4. */
function isRedirectHeader(frame: Frame, offset: number): boolean {
  return offset < frame.end && frame.view.getUint8(offset) >> 4 !== 4
}

const PROTOCOL_WCCP = 0x883e
const PROTOCOL_ERSPAN = 0x88be
