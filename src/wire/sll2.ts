import { EMPTY_VIEW, type Frame } from './frame.ts'
import { cookedEtherType } from './sll.ts'

// LINKTYPE_LINUX_SLL2: protocol, 2 reserved bytes, interface, ARPHRD, packet type, address length, 8 of address.
const PROTOCOL = 0
const INTERFACE = 4
const ARPHRD = 8
const PACKET_TYPE = 10
const HEADER_LENGTH = 20

/** Linux cooked header, second version. Borrowed: valid after `at()` returned true, until the next packet. */
export class Sll2Header {
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

  /** An EtherType, or 0 where the device's packets have none (`cookedEtherType`). */
  get etherType(): number {
    return cookedEtherType(
      this.view.getUint16(this.offset + ARPHRD),
      this.view.getUint16(this.offset + PROTOCOL),
    )
  }

  /** Index of the device in the capturing machine's network namespace. */
  get interfaceIndex(): number {
    return this.view.getUint32(this.offset + INTERFACE)
  }

  /** 0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 sent by us. */
  get packetType(): number {
    return this.view.getUint8(this.offset + PACKET_TYPE)
  }

  static emit(view: DataView, offset: number, fields: Sll2Fields): number {
    view.setUint16(offset + PROTOCOL, fields.etherType)
    view.setUint32(offset + INTERFACE, fields.interfaceIndex)
    view.setUint16(offset + ARPHRD, fields.arphrd)
    view.setUint8(offset + PACKET_TYPE, fields.packetType ?? 0)
    return HEADER_LENGTH
  }
}

export interface Sll2Fields {
  readonly etherType: number
  readonly interfaceIndex: number
  readonly arphrd: number
  readonly packetType?: number
}
