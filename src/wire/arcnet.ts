import { ETHERTYPE_IPV4 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'

// LINKTYPE_ARCNET_LINUX: source, destination, two bytes of the controller's, system code; then RFC 1201 section 2.
const SYSTEM_CODE = 4
const SPLIT_FLAG = 5
const SHORT_LENGTH = 5
/** With split flag and sequence number. */
const LONG_LENGTH = 8
/** An exception packet has four bytes in front of its header (RFC 1201 section 2.3). */
const EXCEPTION = 0xff
const EXCEPTION_LENGTH = 4

/** ARCNET header as Linux captures it. Borrowed: valid after `at()` returned true, until the next packet. */
export class ArcnetHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False also for a fragment behind the first of a packet. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + SHORT_LENGTH > frame.end) return false
    if (this.systemCode === ARCNET_IP_1051) return true
    if (offset + LONG_LENGTH > frame.end || offset + this.headerLength > frame.end) return false
    const split = frame.view.getUint8(offset + SPLIT_FLAG)
    // The first fragment's flag is odd, the others' even; 0 is a packet in one piece.
    return split === 0 || (split & 1) === 1
  }

  get systemCode(): number {
    return this.view.getUint8(this.offset + SYSTEM_CODE)
  }

  get headerLength(): number {
    if (this.systemCode === ARCNET_IP_1051) return SHORT_LENGTH
    const exception = this.view.getUint8(this.offset + SPLIT_FLAG) === EXCEPTION
    return exception ? LONG_LENGTH + EXCEPTION_LENGTH : LONG_LENGTH
  }

  get etherType(): number {
    const code = this.systemCode
    return code === ARCNET_IP_1051 || code === ARCNET_IP_1201 ? ETHERTYPE_IPV4 : 0
  }

  static emit(view: DataView, offset: number, fields: { readonly systemCode: number }): number {
    view.setUint8(offset + SYSTEM_CODE, fields.systemCode)
    if (fields.systemCode === ARCNET_IP_1051) return SHORT_LENGTH
    view.setUint8(offset + SPLIT_FLAG, 0)
    return LONG_LENGTH
  }
}

/** IP of RFC 1051, without split flag and sequence number. */
export const ARCNET_IP_1051 = 240
/** IP of RFC 1201. */
export const ARCNET_IP_1201 = 212
