import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_ETHERNET } from './layer.ts'

// LINKTYPE_JUNIPER_ETHER: magic number, flags, and where the flags say so a length and as many bytes of facts.
const MAGIC = 0
const FLAGS = 3
const EXTENSION_LENGTH = 4
const MIN_LENGTH = 4

const MAGIC_NUMBER = 0x4d4743
const FLAG_NO_LINK_HEADER = 0x02
const FLAG_EXTENSIONS = 0x80

/** What Juniper puts before an Ethernet frame. Borrowed: valid after `at()` returned true, until the next packet. */
export class JuniperHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False without the magic number, and when it is not whole in the capture. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH + 2 > frame.end) return false
    return (
      frame.view.getUint32(offset + MAGIC) >>> 8 === MAGIC_NUMBER && offset + this.headerLength <= frame.end
    )
  }

  private get flags(): number {
    return this.view.getUint8(this.offset + FLAGS)
  }

  get headerLength(): number {
    if ((this.flags & FLAG_EXTENSIONS) === 0) return MIN_LENGTH
    return MIN_LENGTH + 2 + this.view.getUint16(this.offset + EXTENSION_LENGTH)
  }

  get etherType(): number {
    return (this.flags & FLAG_NO_LINK_HEADER) === 0 ? LAYER_ETHERNET : 0
  }

  /** Writes a header with `extensions` bytes of facts, all zero. */
  static emit(view: DataView, offset: number, fields: { readonly extensions: number }): number {
    view.setUint32(offset + MAGIC, (MAGIC_NUMBER << 8) | FLAG_EXTENSIONS)
    view.setUint16(offset + EXTENSION_LENGTH, fields.extensions)
    return MIN_LENGTH + 2 + fields.extensions
  }
}
