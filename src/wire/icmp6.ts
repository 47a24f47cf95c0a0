import { EMPTY_VIEW, type Frame } from './frame.ts'
import type { IcmpFields } from './icmp.ts'

// RFC 4443 section 2.1; bytes 4 to 7 mean something else in each type.
const TYPE = 0
const CODE = 1
const CHECKSUM = 2
const IDENTIFIER = 4
const MTU = 4
const SEQUENCE = 6
const HEADER_LENGTH = 8

/** ICMPv6 header (RFC 4443). Borrowed: valid after `at()` returned true, until the next packet. */
export class Icmp6Header {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + HEADER_LENGTH <= frame.end
  }

  get type(): number {
    return this.view.getUint8(this.offset + TYPE)
  }

  get code(): number {
    return this.view.getUint8(this.offset + CODE)
  }

  get checksum(): number {
    return this.view.getUint16(this.offset + CHECKSUM)
  }

  /** Of an echo. */
  get identifier(): number {
    return this.view.getUint16(this.offset + IDENTIFIER)
  }

  /** Of an echo. */
  get sequence(): number {
    return this.view.getUint16(this.offset + SEQUENCE)
  }

  /** Bytes; only of "packet too big". */
  get mtu(): number {
    return this.view.getUint32(this.offset + MTU)
  }

  /** Whether the message quotes the packet that it is about (RFC 4443 section 2.1: types below 128). */
  get isError(): boolean {
    const type = this.type
    return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM
  }

  static emit(view: DataView, offset: number, fields: IcmpFields): number {
    view.setUint8(offset + TYPE, fields.type)
    view.setUint8(offset + CODE, fields.code)
    view.setUint16(offset + CHECKSUM, fields.checksum ?? 0)
    view.setUint32(offset + IDENTIFIER, fields.rest ?? 0)
    return HEADER_LENGTH
  }
}

export const ICMP6_UNREACHABLE = 1
export const ICMP6_PARAMETER_PROBLEM = 4
