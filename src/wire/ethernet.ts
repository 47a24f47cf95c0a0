import { EMPTY_VIEW, type Frame } from './frame.ts'

// IEEE 802.3; the six-byte destination and source addresses come first.
const ETHER_TYPE = 12
const HEADER_LENGTH = 14

/** Ethernet header. Borrowed: valid after `at()` returned true, until the next packet. */
export class EthernetHeader {
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

  /** Below `ETHERTYPE_MIN` it is the length of an 802.3 frame and no type. */
  get etherType(): number {
    return this.view.getUint16(this.offset + ETHER_TYPE)
  }

  /** Writes a header with both addresses zero. */
  static emit(view: DataView, offset: number, fields: { readonly etherType: number }): number {
    view.setUint16(offset + ETHER_TYPE, fields.etherType)
    return HEADER_LENGTH
  }
}

export const ETHERNET_HEADER_LENGTH = HEADER_LENGTH

/** Smaller numbers are lengths (IEEE 802.3 clause 3.2.6). */
export const ETHERTYPE_MIN = 0x600
export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_IPV6 = 0x86dd
/** Transparent Ethernet bridging: in GRE and GENEVE, a whole Ethernet frame (RFC 1701). */
export const ETHERTYPE_TEB = 0x6558
