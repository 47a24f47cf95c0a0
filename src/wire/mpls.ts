import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_ETHERNET } from './layer.ts'

// RFC 3032 section 2.1: label 20 bits, class 3, bottom of stack 1, time to live 8.
const ENTRY_LENGTH = 4
const BOTTOM = 0x100
/** Pseudowire control word (RFC 4385 section 3). */
const CONTROL_WORD_LENGTH = 4

/** MPLS label stack. Borrowed: valid after `at()` returned true, until the next packet. */
export class MplsStack {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  /** Bytes of all labels. */
  private stackLength = 0
  private hasControlWord = false

  /** False when the bottom of the stack, or the byte behind it, is not captured. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    for (let length = ENTRY_LENGTH; offset + length < frame.end; length += ENTRY_LENGTH)
      if ((frame.view.getUint32(offset + length - ENTRY_LENGTH) & BOTTOM) !== 0) {
        this.stackLength = length
        this.hasControlWord = isControlWord(frame, offset + length)
        return true
      }
    return false
  }

  /** The outermost label, 0 to 0xfffff. */
  get label(): number {
    return this.view.getUint32(this.offset) >>> 12
  }

  /** Bytes, a control word included. */
  get headerLength(): number {
    return this.stackLength + (this.hasControlWord ? CONTROL_WORD_LENGTH : 0)
  }

  /** No label says it: 4 and 6 are IP's versions, everything else is taken for an Ethernet pseudowire (RFC 4928). */
  get etherType(): number {
    const { nibble } = this
    return nibble === 4 ? ETHERTYPE_IPV4 : nibble === 6 ? ETHERTYPE_IPV6 : LAYER_ETHERNET
  }

  private get nibble(): number {
    return this.view.getUint8(this.offset + this.stackLength) >> 4
  }

  /** Writes one label. */
  static emit(view: DataView, offset: number, fields: MplsFields): number {
    view.setUint32(offset, (fields.label << 12) | (fields.bottom === false ? 0 : BOTTOM) | 64)
    return ENTRY_LENGTH
  }
}

/**
 * Nothing announces it: it begins with four zero bits, as do many Ethernet addresses. So it is one when an EtherType
 * stands where it would behind one, and none where it would without.
 */
function isControlWord({ view, end }: Frame, offset: number): boolean {
  if (view.getUint8(offset) >> 4 !== 0 || offset + CONTROL_WORD_LENGTH + ETHERNET_HEADER_LENGTH > end)
    return false
  const type = offset + ETHERNET_HEADER_LENGTH - 2
  return (
    !PSEUDOWIRE_TYPES.includes(view.getUint16(type)) &&
    PSEUDOWIRE_TYPES.includes(view.getUint16(type + CONTROL_WORD_LENGTH))
  )
}

/** IPv4, IPv6, 802.1Q, 802.1ad, PPPoE. */
const PSEUDOWIRE_TYPES: readonly number[] = [ETHERTYPE_IPV4, ETHERTYPE_IPV6, 0x8100, 0x88a8, 0x8864]

export interface MplsFields {
  readonly label: number
  /** True unless given. */
  readonly bottom?: boolean
}

export const ETHERTYPE_MPLS = 0x8847
export const ETHERTYPE_MPLS_MULTICAST = 0x8848
