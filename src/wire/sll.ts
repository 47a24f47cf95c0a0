import { EMPTY_VIEW, type Frame } from './frame.ts'

// LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, 8 bytes of address, protocol.
const ARPHRD = 2
const PROTOCOL = 14
const HEADER_LENGTH = 16

/** Linux cooked header, first version. Borrowed: valid after `at()` returned true, until the next packet. */
export class SllHeader {
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

  static emit(view: DataView, offset: number, fields: SllFields): number {
    view.setUint16(offset + ARPHRD, fields.arphrd)
    view.setUint16(offset + PROTOCOL, fields.etherType)
    return HEADER_LENGTH
  }
}

export interface SllFields {
  readonly arphrd: number
  readonly etherType: number
}

export const ARPHRD_ETHERNET = 1
export const ARPHRD_LOOPBACK = 772
const ARPHRD_NETLINK = 824

/** The protocol field of a cooked header is a netlink family on a netlink monitor, else an EtherType. */
export function cookedEtherType(arphrd: number, protocol: number): number {
  return arphrd === ARPHRD_NETLINK ? 0 : protocol
}
