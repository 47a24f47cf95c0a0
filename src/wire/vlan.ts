import { EMPTY_VIEW, type Frame } from './frame.ts'

// IEEE 802.1Q: what follows the tag's own EtherType.
const CONTROL = 0
const ETHER_TYPE = 2
const TAG_LENGTH = 4

/** One VLAN tag, standing behind its EtherType. Borrowed: valid after `at()` returned true, until the next packet. */
export class VlanTag {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + TAG_LENGTH <= frame.end
  }

  get headerLength(): number {
    return TAG_LENGTH
  }

  /** VLAN identifier, 0 to 4095. */
  get identifier(): number {
    return this.view.getUint16(this.offset + CONTROL) & 0xfff
  }

  /** Of what the tag wraps: another tag's, or the packet's. */
  get etherType(): number {
    return this.view.getUint16(this.offset + ETHER_TYPE)
  }

  static emit(view: DataView, offset: number, fields: VlanFields): number {
    view.setUint16(offset + CONTROL, fields.identifier)
    view.setUint16(offset + ETHER_TYPE, fields.etherType)
    return TAG_LENGTH
  }
}

export interface VlanFields {
  readonly identifier: number
  readonly etherType: number
}
