import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'

// LINKTYPE_NULL and LINKTYPE_LOOP: an address family and nothing more.
const FAMILY = 0
const HEADER_LENGTH = 4

/**
 * BSD loopback header. LOOP is big-endian; NULL has the byte order of the machine that captured, which nobody
 * wrote down: families are small, so the order that gives a small number is it.
 * Borrowed: valid after `at()` returned true, until the next packet.
 */
export class NullHeader {
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

  get family(): number {
    const big = this.view.getUint32(this.offset + FAMILY)
    return big > 0xffff ? this.view.getUint32(this.offset + FAMILY, true) : big
  }

  /** 0 when the family is not IP. */
  get etherType(): number {
    const family = this.family
    if (family === AF_INET) return ETHERTYPE_IPV4
    return INET6_FAMILIES.includes(family) ? ETHERTYPE_IPV6 : 0
  }

  static emit(view: DataView, offset: number, fields: NullFields): number {
    view.setUint32(offset + FAMILY, fields.family, fields.littleEndian === true)
    return HEADER_LENGTH
  }
}

export interface NullFields {
  readonly family: number
  readonly littleEndian?: boolean
}

export const AF_INET = 2
/** Linux; NetBSD and OpenBSD; FreeBSD; macOS. */
export const INET6_FAMILIES: readonly number[] = [10, 24, 28, 30]
