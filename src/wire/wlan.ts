import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_LLC } from './layer.ts'

// IEEE 802.11 clause 9.2: frame control, duration, three addresses, sequence control; the rest as the flags say.
const TYPE = 0
const FLAGS = 1
const MIN_LENGTH = 24
const ADDRESS_LENGTH = 6
const QOS_LENGTH = 2
const HT_CONTROL_LENGTH = 4
/** Addresses and length before each packet of an aggregate. */
const SUBFRAME_LENGTH = 14

/** Version 0, type data; its subtypes with this bit set carry nothing. */
const TYPE_MASK = 0x4f
const TYPE_DATA = 0x08
const QOS = 0x80
const BOTH_DISTRIBUTED = 0x03
const MORE_FRAGMENTS = 0x04
const PROTECTED = 0x40
const ORDER = 0x80
/** In the QoS control: an aggregate of several packets, of which the first is read. */
const AGGREGATE = 0x80

/** Header of an 802.11 data frame. Borrowed: valid after `at()` returned true, until the next packet. */
export class WlanHeader {
  private view: DataView = EMPTY_VIEW
  private offset = 0
  /** Bytes, those of an aggregate's first packet included. */
  headerLength = 0
  private isData = false

  /** False when it is not whole in the capture. */
  at(frame: Frame, offset: number): boolean {
    const { view } = frame
    this.view = view
    this.offset = offset
    if (offset + 2 > frame.end) return false
    const type = view.getUint8(offset + TYPE)
    const flags = view.getUint8(offset + FLAGS)
    this.isData = (type & TYPE_MASK) === TYPE_DATA
    if (!this.isData) return true
    let length = MIN_LENGTH
    if ((flags & BOTH_DISTRIBUTED) === BOTH_DISTRIBUTED) length += ADDRESS_LENGTH
    if ((type & QOS) !== 0) {
      const control = offset + length
      length += QOS_LENGTH
      if (offset + length > frame.end) return false
      if ((flags & ORDER) !== 0) length += HT_CONTROL_LENGTH
      if ((view.getUint8(control) & AGGREGATE) !== 0) length += SUBFRAME_LENGTH
    }
    this.headerLength = length
    return offset + length <= frame.end
  }

  /** 0 for management, control, empty, encrypted and fragmented frames. */
  get etherType(): number {
    const flags = this.view.getUint8(this.offset + FLAGS)
    return this.isData && (flags & (PROTECTED | MORE_FRAGMENTS)) === 0 ? LAYER_LLC : 0
  }

  static emit(view: DataView, offset: number, fields: WlanFields): number {
    view.setUint8(offset + TYPE, TYPE_DATA | (fields.qos === true ? QOS : 0))
    view.setUint8(offset + FLAGS, fields.flags)
    const addresses = (fields.flags & BOTH_DISTRIBUTED) === BOTH_DISTRIBUTED ? ADDRESS_LENGTH : 0
    return MIN_LENGTH + addresses + (fields.qos === true ? QOS_LENGTH : 0)
  }
}

export interface WlanFields {
  /** The second byte of the frame control. */
  readonly flags: number
  readonly qos?: boolean
}
