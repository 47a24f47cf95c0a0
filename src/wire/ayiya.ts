import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'

// draft-massar-v6ops-ayiya section 4: nibbles of sizes and methods, then what is inside, then the time.
const IDENTITY_SIZE = 0
const SIGNATURE_SIZE = 1
const OPERATION = 2
const NEXT_HEADER = 3
const MIN_LENGTH = 8
/** The operation that forwards a packet. */
const FORWARD = 1

const NEXT_IPV4 = 4
const NEXT_IPV6 = 41

/** AYIYA header: IPv6 to the customers of tunnel brokers. Borrowed: valid after `at()` until the next packet. */
export class AyiyaHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when it is not whole in the capture, and for operations other than forwarding. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end || offset + this.headerLength > frame.end) return false
    return (frame.view.getUint8(offset + OPERATION) & 0xf) === FORWARD
  }

  /** Identity (2 to the power of its nibble) and signature (words) included. */
  get headerLength(): number {
    const identity = 2 ** (this.view.getUint8(this.offset + IDENTITY_SIZE) >> 4)
    return MIN_LENGTH + identity + (this.view.getUint8(this.offset + SIGNATURE_SIZE) >> 4) * 4
  }

  get etherType(): number {
    const next = this.view.getUint8(this.offset + NEXT_HEADER)
    return next === NEXT_IPV6 ? ETHERTYPE_IPV6 : next === NEXT_IPV4 ? ETHERTYPE_IPV4 : 0
  }

  /** Writes a header with a 16-byte identity and no signature. */
  static emit(view: DataView, offset: number, fields: { readonly next: number }): number {
    view.setUint8(offset + IDENTITY_SIZE, 0x41)
    view.setUint8(offset + SIGNATURE_SIZE, 0)
    view.setUint8(offset + OPERATION, FORWARD)
    view.setUint8(offset + NEXT_HEADER, fields.next)
    return MIN_LENGTH + 16
  }
}

export const AYIYA_PORT = 5072
