import { EMPTY_VIEW, type Frame } from './frame.ts'
import { LAYER_ETHERNET } from './layer.ts'

const NOWHERE = -1

/** What little there is to know of a header of fixed length. */
export interface FixedForm {
  readonly headerLength: number
  /** Where its EtherType is, or -1 when it always carries the same. */
  readonly typeOffset: number
  /** What it always carries. */
  readonly carries: number
}

/** A header of fixed length, of which at most an EtherType is read. Borrowed, as every `Layer`. */
export class FixedLayer {
  private readonly form: FixedForm
  private view: DataView = EMPTY_VIEW
  private offset = 0

  constructor(form: FixedForm) {
    this.form = form
  }

  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    return offset + this.form.headerLength <= frame.end
  }

  get headerLength(): number {
    return this.form.headerLength
  }

  get etherType(): number {
    const { typeOffset, carries } = this.form
    return typeOffset === NOWHERE ? carries : this.view.getUint16(this.offset + typeOffset)
  }
}

/** Provider backbone bridging (IEEE 802.1ah): flags and service identifier before the customer's frame. */
export const BACKBONE_TAG: FixedForm = { headerLength: 4, typeOffset: NOWHERE, carries: LAYER_ETHERNET }
/** Cisco FabricPath: forwarding tag and time to live before the frame. */
export const FABRIC_PATH: FixedForm = { headerLength: 2, typeOffset: NOWHERE, carries: LAYER_ETHERNET }
/** Cisco HDLC (RFC 1547 section 4.3.1): address, control, EtherType. */
export const CISCO_HDLC: FixedForm = { headerLength: 4, typeOffset: 2, carries: 0 }
/** LINKTYPE_IPOIB: the 40 bytes of a global route header, then the 4 of RFC 4391 section 6. */
export const INFINIBAND: FixedForm = { headerLength: 44, typeOffset: 40, carries: 0 }
