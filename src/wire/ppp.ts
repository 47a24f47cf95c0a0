import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'
import { ETHERTYPE_MPLS, ETHERTYPE_MPLS_MULTICAST } from './mpls.ts'

// RFC 1661 section 2 and, before it, RFC 1662 section 3.1: address and control, both of which may be left out.
const ADDRESS_CONTROL = 0xff03

/** PPP header. Borrowed: valid after `at()` returned true, until the next packet. */
export class PppHeader {
  private view: DataView = EMPTY_VIEW
  /** Offset of the protocol. */
  private offset = 0
  private begin = 0

  /** False when its protocol is not captured whole. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.begin = offset
    const addressed = offset + 2 <= frame.end && frame.view.getUint16(offset) === ADDRESS_CONTROL
    this.offset = addressed ? offset + 2 : offset
    return this.offset + 1 <= frame.end && this.offset + this.protocolLength <= frame.end
  }

  /** 2 or, compressed, 1: numbers end in an odd byte and begin with an even one (RFC 1661 section 6.5). */
  private get protocolLength(): number {
    return (this.view.getUint8(this.offset) & 1) === 1 ? 1 : 2
  }

  get protocol(): number {
    return this.protocolLength === 1 ? this.view.getUint8(this.offset) : this.view.getUint16(this.offset)
  }

  get headerLength(): number {
    return this.offset - this.begin + this.protocolLength
  }

  get etherType(): number {
    switch (this.protocol) {
      case PPP_IPV4:
        return ETHERTYPE_IPV4
      case PPP_IPV6:
        return ETHERTYPE_IPV6
      case PPP_MPLS:
        return ETHERTYPE_MPLS
      case PPP_MPLS_MULTICAST:
        return ETHERTYPE_MPLS_MULTICAST
      default:
        return 0
    }
  }

  /** Writes the whole protocol, with address and control before it where asked for. */
  static emit(view: DataView, offset: number, fields: PppFields): number {
    const at = fields.addressed === true ? 2 : 0
    if (at !== 0) view.setUint16(offset, ADDRESS_CONTROL)
    view.setUint16(offset + at, fields.protocol)
    return at + 2
  }
}

export interface PppFields {
  readonly protocol: number
  readonly addressed?: boolean
}

export const PPP_IPV4 = 0x0021
export const PPP_IPV6 = 0x0057
export const PPP_MPLS = 0x0281
export const PPP_MPLS_MULTICAST = 0x0283
