import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_ETHERNET } from './layer.ts'

// RFC 7348 section 5: flags, 24 reserved bits, network identifier, 8 reserved bits.
const FLAGS = 0
const IDENTIFIER = 4
const HEADER_LENGTH = 8

const FLAG_IDENTIFIER = 0x08

/** VXLAN header. Borrowed: valid after `at()` returned true, until the next packet. */
export class VxlanHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False also when the flag is not set without which it is no VXLAN. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + HEADER_LENGTH > frame.end) return false
    return (this.view.getUint8(offset + FLAGS) & FLAG_IDENTIFIER) !== 0
  }

  /** VNI, 24 bits: names the network that the packet inside belongs to. */
  get identifier(): number {
    return this.view.getUint32(this.offset + IDENTIFIER) >>> 8
  }

  get headerLength(): number {
    return HEADER_LENGTH
  }

  get etherType(): number {
    return LAYER_ETHERNET
  }

  static emit(view: DataView, offset: number, fields: VxlanFields): number {
    view.setUint32(offset + FLAGS, FLAG_IDENTIFIER << 24)
    view.setUint32(offset + IDENTIFIER, fields.identifier << 8)
    return HEADER_LENGTH
  }
}

export interface VxlanFields {
  readonly identifier: number
}

/** The assigned port, and the one that Linux used before. */
export const VXLAN_PORT = 4789
export const VXLAN_PORT_LINUX = 8472
