import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 792; bytes 4 to 7 mean something else in each type.
const TYPE = 0
const CODE = 1
const CHECKSUM = 2
const IDENTIFIER = 4
const SEQUENCE = 6
/** RFC 1191 section 4, in "fragmentation needed". */
const NEXT_HOP_MTU = 6
const HEADER_LENGTH = 8

/** ICMP header (RFC 792). Borrowed: valid after `at()` returned true, until the next packet. */
export class IcmpHeader {
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

  /** Bytes; only of "fragmentation needed" (3/4). 0 from routers older than RFC 1191. */
  get nextHopMtu(): number {
    return this.view.getUint16(this.offset + NEXT_HOP_MTU)
  }

  /** Whether the message quotes the packet that it is about. */
  get isError(): boolean {
    const type = this.type
    return (
      type === ICMP_UNREACHABLE ||
      type === ICMP_SOURCE_QUENCH ||
      type === ICMP_REDIRECT ||
      type === ICMP_TIME_EXCEEDED ||
      type === ICMP_PARAMETER_PROBLEM
    )
  }

  static emit(view: DataView, offset: number, fields: IcmpFields): number {
    view.setUint8(offset + TYPE, fields.type)
    view.setUint8(offset + CODE, fields.code)
    view.setUint16(offset + CHECKSUM, fields.checksum ?? 0)
    view.setUint32(offset + IDENTIFIER, fields.rest ?? 0)
    return HEADER_LENGTH
  }
}

export interface IcmpFields {
  readonly type: number
  readonly code: number
  readonly checksum?: number
  /** Bytes 4 to 7. */
  readonly rest?: number
}

export const ICMP_HEADER_LENGTH = HEADER_LENGTH

export const ICMP_UNREACHABLE = 3
export const ICMP_SOURCE_QUENCH = 4
export const ICMP_REDIRECT = 5
export const ICMP_TIME_EXCEEDED = 11
export const ICMP_PARAMETER_PROBLEM = 12
