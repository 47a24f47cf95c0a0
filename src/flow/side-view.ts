import type { FlowView } from './flow-view.ts'
import { SIDE_BYTES } from './layout.ts'
import { FlowMemory } from './memory.ts'

const NOTHING = new FlowMemory()

/**
 * One direction of a flow: what the endpoint that sends in it has done. "Its peer" is the other endpoint.
 *
 * A borrowed view that `FlowView.move` puts on a row. The first 64 bytes are what every packet needs.
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
  private floats: Float32Array = NOTHING.floats
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
    this.floats = memory.floats
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

  /** Of the segment that moved `next`. */
  get nextTime(): number {
    return this.doubles[this.double + 1]!
  }
  set nextTime(value: number) {
    this.doubles[this.double + 1] = value
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
  set next(value: number) {
    this.words[this.word + 7] = value
  }

  /** End of the contiguous part of what was sent. */
  get contiguous(): number {
    return this.words[this.word + 8]!
  }
  set contiguous(value: number) {
    this.words[this.word + 8] = value
  }

  /** Acknowledgement number of the latest segment it sent. */
  get lastAck(): number {
    return this.words[this.word + 9]!
  }
  set lastAck(value: number) {
    this.words[this.word + 9] = value
  }

  /** Zeek's: highest number that the peer acknowledged. */
  get acked(): number {
    return this.words[this.word + 10]!
  }
  set acked(value: number) {
    this.words[this.word + 10] = value
  }

  /** Zeek's: highest number sent. */
  get zeekLast(): number {
    return this.words[this.word + 11]!
  }
  set zeekLast(value: number) {
    this.words[this.word + 11] = value
  }

  /** Largest window advertised, scaled, bytes. */
  get maxWindow(): number {
    return this.words[this.word + 12]!
  }
  set maxWindow(value: number) {
    this.words[this.word + 12] = value
  }

  /** Row of the rare counters (`trouble.ts`), 0 while there are none. */
  get trouble(): number {
    return this.words[this.word + 13]!
  }
  set trouble(value: number) {
    this.words[this.word + 13] = value
  }

  /** Of the latest segment it sent, as sent. */
  get window(): number {
    return this.halves[this.half + 28]!
  }
  set window(value: number) {
    this.halves[this.half + 28] = value
  }

  /** SIDE_ bits of `marks.ts`. */
  get marks(): number {
    return this.halves[this.half + 29]!
  }
  set marks(value: number) {
    this.halves[this.half + 29] = value
  }

  /** ANOMALY_ bits of its latest segment. */
  get lastAnomalies(): number {
    return this.halves[this.half + 30]!
  }
  set lastAnomalies(value: number) {
    this.halves[this.half + 30] = value
  }

  /** Segments that wait for their acknowledgement in the queue of `rtt.ts`. */
  get outstanding(): number {
    return this.halves[this.half + 31]!
  }
  set outstanding(value: number) {
    this.halves[this.half + 31] = value
  }

  /** Round trips, nanoseconds: mean, and sum of squared distances from it (Welford). */
  get rttMean(): number {
    return this.doubles[this.double + 8]!
  }
  set rttMean(value: number) {
    this.doubles[this.double + 8] = value
  }

  get rttSquares(): number {
    return this.doubles[this.double + 9]!
  }
  set rttSquares(value: number) {
    this.doubles[this.double + 9] = value
  }

  get rttMin(): number {
    return this.floats[this.word + 20]!
  }
  set rttMin(value: number) {
    this.floats[this.word + 20] = value
  }

  get rttMax(): number {
    return this.floats[this.word + 21]!
  }
  set rttMax(value: number) {
    this.floats[this.word + 21] = value
  }

  get rttSamples(): number {
    return this.words[this.word + 22]!
  }
  set rttSamples(value: number) {
    this.words[this.word + 22] = value
  }

  /** Ends of the queue of `rtt.ts`. */
  get oldest(): number {
    return this.words[this.word + 23]!
  }
  set oldest(value: number) {
    this.words[this.word + 23] = value
  }

  get newest(): number {
    return this.words[this.word + 24]!
  }
  set newest(value: number) {
    this.words[this.word + 24] = value
  }

  /** Duplicate ACKs in a row, or `TOLD` of `analysis.ts`. */
  get dupAcks(): number {
    return this.words[this.word + 25]! | 0
  }
  set dupAcks(value: number) {
    this.words[this.word + 25] = value
  }

  /** Initial sequence number; where no SYN was seen, one before the first number seen. */
  get initial(): number {
    return this.words[this.word + 26]!
  }
  set initial(value: number) {
    this.words[this.word + 26] = value
  }

  /** Sequence number of the FIN. */
  get finSequence(): number {
    return this.words[this.word + 27]!
  }
  set finSequence(value: number) {
    this.words[this.word + 27] = value
  }

  get synCount(): number {
    return this.halves[this.half + 56]!
  }
  set synCount(value: number) {
    this.halves[this.half + 56] = value
  }

  get synAckCount(): number {
    return this.halves[this.half + 57]!
  }
  set synAckCount(value: number) {
    this.halves[this.half + 57] = value
  }

  /** Maximum segment size that its SYN named. */
  get mss(): number {
    return this.halves[this.half + 58]!
  }
  set mss(value: number) {
    this.halves[this.half + 58] = value
  }

  /** States of `tcp-state.ts`: proven by what it sent, and expected after what it should have received. */
  get proven(): number {
    return this.bytes[this.byte + 118]!
  }
  set proven(value: number) {
    this.bytes[this.byte + 118] = value
  }

  get expected(): number {
    return this.bytes[this.byte + 119]!
  }
  set expected(value: number) {
    this.bytes[this.byte + 119] = value
  }

  /** Shift in use, or a SCALE_ constant of `analysis.ts`. */
  get scale(): number {
    return this.bytes[this.byte + 120]!
  }
  set scale(value: number) {
    this.bytes[this.byte + 120] = value
  }

  /** Zeek's endpoint states: now, and the one before. */
  get zeekState(): number {
    return this.bytes[this.byte + 121]!
  }
  set zeekState(value: number) {
    this.bytes[this.byte + 121] = value
  }

  get zeekBefore(): number {
    return this.bytes[this.byte + 122]!
  }
  set zeekBefore(value: number) {
    this.bytes[this.byte + 122] = value
  }

  /** WROTE_ bits of `zeek.ts`. */
  get letters(): number {
    return this.bytes[this.byte + 123]!
  }
  set letters(value: number) {
    this.bytes[this.byte + 123] = value
  }

  /** How often `zeekLast` and `acked` have passed 2^32. */
  get lastWraps(): number {
    return this.bytes[this.byte + 124]!
  }
  set lastWraps(value: number) {
    this.bytes[this.byte + 124] = value
  }

  get ackedWraps(): number {
    return this.bytes[this.byte + 125]!
  }
  set ackedWraps(value: number) {
    this.bytes[this.byte + 125] = value
  }

  /** From its SYN: OPTION_ bits of `marks.ts`. */
  get options(): number {
    return this.bytes[this.byte + 126]!
  }
  set options(value: number) {
    this.bytes[this.byte + 126] = value
  }

  /** Longest segment that the peer has acknowledged, at most 65535; the flow's part of the row has room for it. */
  get largestAcked(): number {
    return this.halves[this.half + this.largest]!
  }
  set largestAcked(value: number) {
    this.halves[this.half + this.largest] = value
  }

  /** From its SYN: shift offered plus 1, 0 for none. */
  get scaleOffer(): number {
    return this.bytes[this.byte + 127]!
  }
  set scaleOffer(value: number) {
    this.bytes[this.byte + 127] = value
  }
}
