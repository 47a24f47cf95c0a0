import { EMPTY_VIEW, type Frame } from './frame.ts'

// IEEE 802.2: DSAP AA, SSAP AA, control 03; then the SNAP organisation 000000, whose protocols are EtherTypes.
const LLC_AND_ORGANISATION = 0
const ETHER_TYPE = 6
const HEADER_LENGTH = 8

const LLC_SNAP = 0xaaaa0300

/** IP in an 802.3 frame (RFC 1042). Borrowed: valid after `at()` returned true, until the next packet. */
export class SnapHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False also for every other kind of 802.2 frame. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + HEADER_LENGTH > frame.end) return false
    const start = offset + LLC_AND_ORGANISATION
    return this.view.getUint32(start) === LLC_SNAP && this.view.getUint16(start + 4) === 0
  }

  get headerLength(): number {
    return HEADER_LENGTH
  }

  get etherType(): number {
    return this.view.getUint16(this.offset + ETHER_TYPE)
  }

  static emit(view: DataView, offset: number, fields: { readonly etherType: number }): number {
    view.setUint32(offset + LLC_AND_ORGANISATION, LLC_SNAP)
    view.setUint16(offset + LLC_AND_ORGANISATION + 4, 0)
    view.setUint16(offset + ETHER_TYPE, fields.etherType)
    return HEADER_LENGTH
  }
}
