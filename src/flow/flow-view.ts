import {
  HISTORY,
  HISTORY_BYTES,
  HISTORY_LENGTH,
  KEY_META,
  KEY_PORTS,
  ROW_BYTES,
  SIDE_BYTES,
  SIDES_OFFSET,
} from './layout.ts'
import { FlowMemory } from './memory.ts'
import { SideView } from './side-view.ts'

/** A byte for each direction. The last four bytes of the 128 are `SideView.largestAcked`'s. */
const TTLS = 120

const NOTHING = new FlowMemory()

/**
 * One flow: a borrowed view of a row of the table, with one of each direction. `move` puts all three on another row.
 * Rows are reused; `serial` is not. The key comes first, in `FlowKey`'s words.
 */
export class FlowView {
  /** The row that the view is on. */
  row = 0
  /** Of the lower and the upper endpoint's packets: directions 0 and 1. */
  readonly lower: SideView
  readonly upper: SideView
  private bytes: Uint8Array = NOTHING.bytes
  private halves: Uint16Array = NOTHING.halves
  private words: Uint32Array = NOTHING.words
  private doubles: Float64Array = NOTHING.doubles
  private byte = 0
  private half = 0
  private word = 0
  private double = 0

  constructor(memory: FlowMemory) {
    this.lower = new SideView(this, 0)
    this.upper = new SideView(this, 1)
    memory.bind(this)
  }

  rebind(memory: FlowMemory): void {
    this.bytes = memory.bytes
    this.halves = memory.halves
    this.words = memory.words
    this.doubles = memory.doubles
    this.lower.rebind(memory)
    this.upper.rebind(memory)
  }

  move(row: number): void {
    const byte = row * ROW_BYTES
    this.row = row
    this.byte = byte
    this.half = byte >>> 1
    this.word = byte >>> 2
    this.double = byte >>> 3
    this.lower.move(byte + SIDES_OFFSET)
    this.upper.move(byte + SIDES_OFFSET + SIDE_BYTES)
  }

  /** The endpoint that sends in `direction`. */
  side(direction: number): SideView {
    return direction === 0 ? this.lower : this.upper
  }

  /** IANA number. */
  get protocol(): number {
    return this.words[this.word + KEY_META]! & 0xff
  }

  /** 4 or 6. */
  get family(): number {
    return (this.words[this.word + KEY_META]! >>> 8) & 0xff
  }

  /** Lower port << 16 | upper port. */
  get ports(): number {
    return this.words[this.word + KEY_PORTS]!
  }

  /** The four address words of the endpoint that sends in `direction`; borrowed. */
  address(direction: number): Uint32Array {
    const at = this.word + direction * 4
    return this.words.subarray(at, at + 4)
  }

  /** One of them. */
  addressWord(direction: number, index: number): number {
    return this.words[this.word + direction * 4 + index]!
  }

  /** Zeek's letters as far as they are kept in the row. */
  get history(): string {
    const { bytes } = this
    const at = this.byte + HISTORY
    const length = bytes[this.byte + HISTORY_LENGTH]!
    let text = ''
    for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[at + i]!)
    return text
  }

  /** Appends a character code; false when the row has no room left. */
  addHistory(letter: number): boolean {
    const length = this.bytes[this.byte + HISTORY_LENGTH]!
    if (length === HISTORY_BYTES) return false
    this.bytes[this.byte + HISTORY + length] = letter
    this.bytes[this.byte + HISTORY_LENGTH] = length + 1
    return true
  }

  /** Order of its first packet, from 0: the id that users see. */
  get serial(): number {
    return this.words[this.word + 10]!
  }

  /** FLOW_ bits of `marks.ts`. */
  get marks(): number {
    return this.halves[this.half + 29]!
  }
  set marks(value: number) {
    this.halves[this.half + 29] = value
  }

  /** Direction (0 or 1) of the client's packets. */
  get client(): number {
    return this.bytes[this.byte + 61]!
  }
  set client(value: number) {
    this.bytes[this.byte + 61] = value
  }

  /** Index into `icmp-error.ts` of the error that ended the attempt plus 1, or 0. */
  get icmpError(): number {
    return this.bytes[this.byte + 63]!
  }
  set icmpError(value: number) {
    this.bytes[this.byte + 63] = value
  }

  /** TTL or hop limit of the first packet in a direction; 0 without one, or where that was a reset. */
  ttl(direction: number): number {
    return this.bytes[this.byte + TTLS + direction]!
  }

  /** Of the first packet, nanoseconds. */
  get start(): number {
    return this.doubles[this.double + 8]!
  }

  /** Of the latest SYN and SYN+ACK before the third ACK, and of that. */
  get synTime(): number {
    return this.doubles[this.double + 9]!
  }

  get ackTime(): number {
    return this.doubles[this.double + 11]!
  }

  /** Of the latest step of the close. */
  get closeTime(): number {
    return this.doubles[this.double + 12]!
  }
}
