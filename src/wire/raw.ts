import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, type Frame } from './frame.ts'

// No link header: the version in the first four bits says which IP it is.
const VERSION = 0
const MIN_LENGTH = 1

/** A packet without a link header. Borrowed: valid after `at()` returned true, until the next packet. */
export class RawPacket {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + MIN_LENGTH <= frame.end
  }

  get version(): number {
    return this.view.getUint8(this.offset + VERSION) >> 4
  }

  get headerLength(): number {
    return 0
  }

  /** 0 when the version is neither 4 nor 6. */
  get etherType(): number {
    const version = this.version
    return version === 4 ? ETHERTYPE_IPV4 : version === 6 ? ETHERTYPE_IPV6 : 0
  }
}
