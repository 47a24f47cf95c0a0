import { EMPTY_VIEW, type Frame } from './frame.ts'
import { Inflater } from './inflate.ts'

// RFC 3173 section 3: next header, flags, compression parameter index.
const NEXT_HEADER = 0
const INDEX = 2
const HEADER_LENGTH = 4

/** RFC 3173 section 3.3: the algorithm itself, or a number that the ends agreed on. */
const INDEX_DEFLATE = 2
const INDEX_NEGOTIATED = 256

/** IPComp header, behind which an IP payload is compressed. Borrowed: valid after `at()`, until the next packet. */
export class IpcompHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + HEADER_LENGTH <= frame.end
  }

  get nextHeader(): number {
    return this.view.getUint8(this.offset + NEXT_HEADER)
  }

  get index(): number {
    return this.view.getUint16(this.offset + INDEX)
  }

  /** What a negotiated number means is not in the packet; Linux has no other algorithm than DEFLATE (RFC 2394). */
  get mayBeDeflate(): boolean {
    return this.index === INDEX_DEFLATE || this.index >= INDEX_NEGOTIATED
  }

  /** Writes a header with no flags, of which none is defined. */
  static emit(view: DataView, offset: number, fields: IpcompFields): number {
    view.setUint8(offset + NEXT_HEADER, fields.nextHeader)
    view.setUint8(offset + NEXT_HEADER + 1, 0)
    view.setUint16(offset + INDEX, fields.index)
    return HEADER_LENGTH
  }
}

/**
 * An IP payload behind an IPComp header, inflated. Bounded: to 64 KiB, and to once, since there is DEFLATE data that
 * inflates to itself. One that snaplen cut cannot be inflated to its end.
 */
export class CompressedPayload {
  private readonly header = new IpcompHeader()
  private readonly inflater = new Inflater()

  /** False where it stays opaque: another algorithm, damaged, cut, or inside of what was inflated. */
  at(frame: Frame, offset: number): boolean {
    const { header, inflater } = this
    if (frame.bytes === inflater.bytes || !header.at(frame, offset) || !header.mayBeDeflate) return false
    return inflater.inflate(frame.bytes, offset + HEADER_LENGTH, frame.end)
  }

  /** Of the payload (IANA). */
  get protocol(): number {
    return this.header.nextHeader
  }

  /** Borrowed, like `view`: valid until the next `at()`. */
  get bytes(): Uint8Array {
    return this.inflater.bytes
  }

  get view(): DataView {
    return this.inflater.view
  }

  get length(): number {
    return this.inflater.length
  }
}

export interface IpcompFields {
  readonly nextHeader: number
  readonly index: number
}

export const PROTOCOL_IPCOMP = 108
