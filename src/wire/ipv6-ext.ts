import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 8200 section 4; the authentication header, RFC 4302 section 2, fits the same first two bytes.
const NEXT_HEADER = 0
const LENGTH = 1
const OPTIONS = 2
const FRAGMENT_OFFSET = 2
const FRAGMENT_IDENTIFICATION = 4
const MIN_LENGTH = 8

const OPTION_PAD1 = 0
const OPTION_JUMBO = 0xc2

/** One extension header of `kind`. Borrowed: valid after `at()` returned true, until the next packet. */
export class ExtensionHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  private kind = 0

  /** False when the header is not whole in the capture. `kind` is the number that announced it. */
  at(frame: Frame, offset: number, kind: number): boolean {
    this.view = frame.view
    this.offset = offset
    this.kind = kind
    return offset + MIN_LENGTH <= frame.end && offset + this.headerLength <= frame.end
  }

  get nextHeader(): number {
    return this.view.getUint8(this.offset + NEXT_HEADER)
  }

  /** Bytes. The unit differs: 8 bytes not counting the first 8, fixed for fragments, words less 2 for AH. */
  get headerLength(): number {
    if (this.kind === EXTENSION_FRAGMENT) return MIN_LENGTH
    const length = this.view.getUint8(this.offset + LENGTH)
    return this.kind === EXTENSION_AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8
  }

  /** Bytes; only for a fragment header. */
  get fragmentOffset(): number {
    return this.view.getUint16(this.offset + FRAGMENT_OFFSET) & 0xfff8
  }

  /** 1 or 0; only for a fragment header. */
  get moreFragments(): number {
    return this.view.getUint8(this.offset + FRAGMENT_OFFSET + 1) & 1
  }

  /** 32 bits; only for a fragment header. */
  get fragmentIdentification(): number {
    return this.view.getUint32(this.offset + FRAGMENT_IDENTIFICATION)
  }

  /**
   * The payload length of a jumbogram or BIG TCP packet (RFC 2675 section 2), all after the 40 bytes of IPv6;
   * 0 without the option. Only for a hop-by-hop header.
   */
  get jumboLength(): number {
    const end = this.offset + this.headerLength
    let offset = this.offset + OPTIONS
    while (offset + 1 < end) {
      const option = this.view.getUint8(offset)
      if (option === OPTION_PAD1) {
        offset++
        continue
      }
      const length = this.view.getUint8(offset + 1)
      if (option === OPTION_JUMBO && length === 4 && offset + 6 <= end) return this.view.getUint32(offset + 2)
      offset += 2 + length
    }
    return 0
  }

  /** Writes a hop-by-hop header with the jumbo option, a fragment header, or 8 empty bytes of another kind. */
  static emit(view: DataView, offset: number, kind: number, fields: ExtensionFields): number {
    view.setUint8(offset + NEXT_HEADER, fields.nextHeader)
    view.setUint8(offset + LENGTH, 0)
    if (kind === EXTENSION_FRAGMENT) {
      view.setUint16(offset + FRAGMENT_OFFSET, (fields.fragmentOffset ?? 0) | (fields.moreFragments ? 1 : 0))
      view.setUint32(offset + FRAGMENT_IDENTIFICATION, fields.fragmentIdentification ?? 0)
    } else if (fields.jumboLength !== undefined) {
      view.setUint8(offset + OPTIONS, OPTION_JUMBO)
      view.setUint8(offset + OPTIONS + 1, 4)
      view.setUint32(offset + OPTIONS + 2, fields.jumboLength)
    }
    return MIN_LENGTH
  }
}

export interface ExtensionFields {
  readonly nextHeader: number
  readonly fragmentOffset?: number
  readonly moreFragments?: boolean
  readonly fragmentIdentification?: number
  readonly jumboLength?: number
}

export const EXTENSION_HOP_BY_HOP = 0
export const EXTENSION_ROUTING = 43
export const EXTENSION_FRAGMENT = 44
export const EXTENSION_AUTHENTICATION = 51
export const EXTENSION_DESTINATION = 60

/** Headers that are stepped over. ESP (50) and no-next-header (59) end the walk: nothing readable follows. */
export function isExtension(protocol: number): boolean {
  return (
    protocol === EXTENSION_HOP_BY_HOP ||
    protocol === EXTENSION_ROUTING ||
    protocol === EXTENSION_FRAGMENT ||
    protocol === EXTENSION_AUTHENTICATION ||
    protocol === EXTENSION_DESTINATION
  )
}
