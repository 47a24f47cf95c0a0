import { ROW_BYTES, SIDE_BYTES, SIDES_OFFSET } from '../layout.ts'

/**
 * One direction of a flow: what the endpoint that sends in it has done. "Its peer" is the other endpoint.
 * `SideView` sees the same bytes. The first 64 are what every packet needs.
 */
@unmanaged
export class Side {
  /** Of the latest packet, nanoseconds. */
  lastTime!: f64
  /** Of the segment that moved `next`. */
  nextTime!: f64
  /** Payload bytes sent, repeated ones included. */
  wireBytes!: f64
  packets!: u32
  /** After the highest byte sent; 0 is unknown. */
  next!: u32
  /** End of the contiguous part of what was sent. */
  contiguous!: u32
  /** Acknowledgement number of the latest segment it sent. */
  lastAck!: u32
  /** Zeek's: highest number that the peer acknowledged. */
  acked!: u32
  /** Zeek's: highest number sent. */
  zeekLast!: u32
  /** Largest window advertised, scaled, bytes. */
  maxWindow!: u32
  /** Address of the rare counters (`trouble.ts`), 0 while there are none. */
  trouble!: usize
  private halves!: u64
  /** Round trips, nanoseconds: mean, and sum of squared distances from it (Welford). */
  rttMean!: f64
  rttSquares!: f64
  rttMin!: f32
  rttMax!: f32
  rttSamples!: u32
  /** Addresses of the queue's ends (`rtt.ts`), 0 when it is empty. */
  oldest!: usize
  newest!: usize
  /** Duplicate ACKs in a row, or `TOLD` of `analysis.ts`. */
  dupAcks!: i32
  /** Initial sequence number; where no SYN was seen, one before the first number seen. */
  initial!: u32
  /** Sequence number of the FIN. */
  finSequence!: u32

  get address(): usize {
    return changetype<usize>(this)
  }

  /** Of the latest segment it sent, as sent. */
  get window(): u32 {
    return load<u16>(this.address, 56)
  }
  set window(value: u32) {
    store<u16>(this.address, value, 56)
  }
  /** SIDE_ bits of `marks.ts`. */
  get marks(): i32 {
    return load<u16>(this.address, 58)
  }
  set marks(value: i32) {
    store<u16>(this.address, value, 58)
  }
  /** ANOMALY_ bits of its latest segment. */
  get lastAnomalies(): i32 {
    return load<u16>(this.address, 60)
  }
  set lastAnomalies(value: i32) {
    store<u16>(this.address, value, 60)
  }
  /** Segments that wait for their acknowledgement in the queue of `rtt.ts`. */
  get outstanding(): i32 {
    return load<u16>(this.address, 62)
  }
  set outstanding(value: i32) {
    store<u16>(this.address, value, 62)
  }
  get synCount(): i32 {
    return load<u16>(this.address, 112)
  }
  set synCount(value: i32) {
    store<u16>(this.address, value, 112)
  }
  get synAckCount(): i32 {
    return load<u16>(this.address, 114)
  }
  set synAckCount(value: i32) {
    store<u16>(this.address, value, 114)
  }
  /** Maximum segment size that its SYN named. */
  get mss(): i32 {
    return load<u16>(this.address, 116)
  }
  set mss(value: i32) {
    store<u16>(this.address, value, 116)
  }
  /** States of `tcp-state.ts`: proven by what it sent, and expected after what it should have received. */
  get proven(): i32 {
    return load<u8>(this.address, 118)
  }
  set proven(value: i32) {
    store<u8>(this.address, value, 118)
  }
  get expected(): i32 {
    return load<u8>(this.address, 119)
  }
  set expected(value: i32) {
    store<u8>(this.address, value, 119)
  }
  /** Shift in use, or a SCALE_ constant of `analysis.ts`. */
  get scale(): i32 {
    return load<u8>(this.address, 120)
  }
  set scale(value: i32) {
    store<u8>(this.address, value, 120)
  }
  /** Zeek's endpoint states: now, and the one before. */
  get zeekState(): i32 {
    return load<u8>(this.address, 121)
  }
  set zeekState(value: i32) {
    store<u8>(this.address, value, 121)
  }
  get zeekBefore(): i32 {
    return load<u8>(this.address, 122)
  }
  set zeekBefore(value: i32) {
    store<u8>(this.address, value, 122)
  }
  /** WROTE_ bits of `zeek.ts`. */
  get letters(): i32 {
    return load<u8>(this.address, 123)
  }
  set letters(value: i32) {
    store<u8>(this.address, value, 123)
  }
  /** How often `zeekLast` and `acked` have passed 2^32. */
  get lastWraps(): i32 {
    return load<u8>(this.address, 124)
  }
  set lastWraps(value: i32) {
    store<u8>(this.address, value, 124)
  }
  get ackedWraps(): i32 {
    return load<u8>(this.address, 125)
  }
  set ackedWraps(value: i32) {
    store<u8>(this.address, value, 125)
  }
  /** From its SYN: OPTION_ bits of `marks.ts`. */
  get options(): i32 {
    return load<u8>(this.address, 126)
  }
  set options(value: i32) {
    store<u8>(this.address, value, 126)
  }
  /** From its SYN: shift offered plus 1, 0 for none. */
  get scaleOffer(): i32 {
    return load<u8>(this.address, 127)
  }
  set scaleOffer(value: i32) {
    store<u8>(this.address, value, 127)
  }
}

/** One flow: a row of the table, with the two directions behind. `FlowView` sees the same bytes. */
@unmanaged
export class Flow {
  private key0!: u64
  private key1!: u64
  private key2!: u64
  private key3!: u64
  private key4!: u64
  /** Order of its first packet, from 0: the id that users see. */
  serial!: u32
  /** Rows: neighbours on the list that it is on, or in the free list; 0 is none. */
  before!: u32
  after!: u32
  hash!: u32
  private small!: u64
  /** Of the first packet, nanoseconds. */
  start!: f64
  /** Of the latest SYN and SYN+ACK before the third ACK, and of that. */
  synTime!: f64
  synAckTime!: f64
  ackTime!: f64
  /** Of the latest step of the close. */
  closeTime!: f64

  get address(): usize {
    return changetype<usize>(this)
  }
  get row(): u32 {
    return u32(this.address / ROW_BYTES)
  }
  get lower(): Side {
    return changetype<Side>(this.address + SIDES_OFFSET)
  }
  get upper(): Side {
    return changetype<Side>(this.address + SIDES_OFFSET + SIDE_BYTES)
  }

  /** The endpoint that sends in `direction`. */
  side(direction: i32): Side {
    return changetype<Side>(this.address + SIDES_OFFSET + usize(direction) * SIDE_BYTES)
  }

  /** Index of the interface of the first packet. */
  set iface(value: i32) {
    store<u16>(this.address, value, 56)
  }
  /** FLOW_ bits of `marks.ts`. */
  get marks(): i32 {
    return load<u16>(this.address, 58)
  }
  set marks(value: i32) {
    store<u16>(this.address, value, 58)
  }
  /** A LIST_ number of `list-numbers.ts`. */
  get list(): i32 {
    return load<u8>(this.address, 60)
  }
  set list(value: i32) {
    store<u8>(this.address, value, 60)
  }
  /** Direction (0 or 1) of the client's packets. */
  get client(): i32 {
    return load<u8>(this.address, 61)
  }
  set client(value: i32) {
    store<u8>(this.address, value, 61)
  }
  /** Direction of the first FIN plus 1, or 0. */
  get closer(): i32 {
    return load<u8>(this.address, 62)
  }
  set closer(value: i32) {
    store<u8>(this.address, value, 62)
  }

  /** Place of the ICMP error that ended the attempt plus 1, or 0. */
  get icmpError(): i32 {
    return load<u8>(this.address, 63)
  }

  ttl(direction: i32): i32 {
    return load<u8>(this.address + direction, 120)
  }
  setTtl(direction: i32, ttl: i32): void {
    store<u8>(this.address + direction, ttl, 120)
  }

  /** Longest segment of a direction that its peer acknowledged, at most 65 535. */
  largestAcked(direction: i32): i32 {
    return load<u16>(this.address + 2 * direction, 124)
  }
  setLargestAcked(direction: i32, length: i32): void {
    store<u16>(this.address + 2 * direction, length, 124)
  }
}

export function flowAt(row: u32): Flow {
  return changetype<Flow>(usize(row) * ROW_BYTES)
}
