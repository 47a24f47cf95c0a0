import type { FlowView } from './flow-view.ts'
import { SIDE_BYTES } from './layout.ts'
import { FlowMemory } from './memory.ts'

const NOTHING = new FlowMemory()

/**
 * One direction of a flow: what the endpoint that sends in it has done. "Its peer" is the other endpoint.
 *
 * A borrowed view that `FlowView.move` puts on a row, with what is asked for outside the engine (`engine/row.ts`).
 */
export class SideView {
  readonly flow: FlowView
  /** 0 or 1, as `FlowKey.direction`. */
  readonly direction: number
  /** Where `largestAcked` is, in halves from where the record begins. */
  private readonly largest: number
  private bytes: Uint8Array = NOTHING.bytes
  private halves: Uint16Array = NOTHING.halves
  private words: Uint32Array = NOTHING.words
  private doubles: Float64Array = NOTHING.doubles
  /** Where the record begins, counted in numbers of each width. */
  private byte = 0
  private half = 0
  private word = 0
  private double = 0

  constructor(flow: FlowView, direction: number) {
    this.flow = flow
    this.direction = direction
    this.largest = direction === 0 ? -2 : -1 - SIDE_BYTES / 2
  }

  rebind(memory: FlowMemory): void {
    this.bytes = memory.bytes
    this.halves = memory.halves
    this.words = memory.words
    this.doubles = memory.doubles
  }

  /** `byte` is where the record begins in the memory. */
  move(byte: number): void {
    this.byte = byte
    this.half = byte >>> 1
    this.word = byte >>> 2
    this.double = byte >>> 3
  }

  /** The other direction. */
  get peer(): SideView {
    return this.direction === 0 ? this.flow.upper : this.flow.lower
  }

  /** Of the latest packet, nanoseconds. */
  get lastTime(): number {
    return this.doubles[this.double]!
  }
  set lastTime(value: number) {
    this.doubles[this.double] = value
  }

  /** Payload bytes sent, repeated ones included. */
  get wireBytes(): number {
    return this.doubles[this.double + 2]!
  }
  set wireBytes(value: number) {
    this.doubles[this.double + 2] = value
  }

  get packets(): number {
    return this.words[this.word + 6]!
  }
  set packets(value: number) {
    this.words[this.word + 6] = value
  }

  /** After the highest byte sent; 0 is unknown. */
  get next(): number {
    return this.words[this.word + 7]!
  }

  /** Zeek's: highest number that the peer acknowledged. */
  get acked(): number {
    return this.words[this.word + 10]!
  }

  /** Largest window advertised, scaled, bytes. */
  get maxWindow(): number {
    return this.words[this.word + 12]!
  }

  /** Row of the rare counters (`trouble.ts`), 0 while there are none. */
  get trouble(): number {
    return this.words[this.word + 13]!
  }

  /** SIDE_ bits of `marks.ts`. */
  get marks(): number {
    return this.halves[this.half + 29]!
  }
  set marks(value: number) {
    this.halves[this.half + 29] = value
  }

  get rttSamples(): number {
    return this.words[this.word + 22]!
  }

  /** Duplicate ACKs in a row, or `TOLD` of `analysis.ts`. */
  get dupAcks(): number {
    return this.words[this.word + 25]! | 0
  }

  /** Initial sequence number; where no SYN was seen, one before the first number seen. */
  get initial(): number {
    return this.words[this.word + 26]!
  }

  get synCount(): number {
    return this.halves[this.half + 56]!
  }

  get synAckCount(): number {
    return this.halves[this.half + 57]!
  }

  /** Maximum segment size that its SYN named. */
  get mss(): number {
    return this.halves[this.half + 58]!
  }

  get expected(): number {
    return this.bytes[this.byte + 119]!
  }
  set expected(value: number) {
    this.bytes[this.byte + 119] = value
  }

  /** WROTE_ bits of `zeek.ts`. */
  get letters(): number {
    return this.bytes[this.byte + 123]!
  }
  set letters(value: number) {
    this.bytes[this.byte + 123] = value
  }

  get ackedWraps(): number {
    return this.bytes[this.byte + 125]!
  }

  /** From its SYN: OPTION_ bits of `marks.ts`. */
  get options(): number {
    return this.bytes[this.byte + 126]!
  }

  /** Longest segment that the peer has acknowledged, at most 65535; the flow's part of the row has room for it. */
  get largestAcked(): number {
    return this.halves[this.half + this.largest]!
  }

  /** From its SYN: shift offered plus 1, 0 for none. */
  get scaleOffer(): number {
    return this.bytes[this.byte + 127]!
  }
}
