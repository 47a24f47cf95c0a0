import { ROW_BYTES, SIDE_BYTES, SIDES_OFFSET } from '../layout.ts'

/**
 * One direction of a flow: what the endpoint that sends in it has done. "Its peer" is the other endpoint. What the
 * fields mean stands in `SideView`, which sees the same bytes.
 */
@unmanaged
export class Side {
  lastTime!: f64
  nextTime!: f64
  wireBytes!: f64
  packets!: u32
  next!: u32
  contiguous!: u32
  lastAck!: u32
  acked!: u32
  zeekLast!: u32
  maxWindow!: u32
  /** Address of the rare counters (`trouble.ts`), 0 while there are none. */
  trouble!: usize
  private halves!: u64
  rttMean!: f64
  rttSquares!: f64
  rttMin!: f32
  rttMax!: f32
  rttSamples!: u32
  /** Addresses of the queue's ends (`rtt.ts`), 0 when it is empty. */
  oldest!: usize
  newest!: usize
  dupAcks!: i32
  initial!: u32
  finSequence!: u32

  get address(): usize {
    return changetype<usize>(this)
  }

  get window(): u32 {
    return load<u16>(this.address, 56)
  }
  set window(value: u32) {
    store<u16>(this.address, value, 56)
  }
  get marks(): i32 {
    return load<u16>(this.address, 58)
  }
  set marks(value: i32) {
    store<u16>(this.address, value, 58)
  }
  get lastAnomalies(): i32 {
    return load<u16>(this.address, 60)
  }
  set lastAnomalies(value: i32) {
    store<u16>(this.address, value, 60)
  }
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
  get mss(): i32 {
    return load<u16>(this.address, 116)
  }
  set mss(value: i32) {
    store<u16>(this.address, value, 116)
  }
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
  get scale(): i32 {
    return load<u8>(this.address, 120)
  }
  set scale(value: i32) {
    store<u8>(this.address, value, 120)
  }
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
  get letters(): i32 {
    return load<u8>(this.address, 123)
  }
  set letters(value: i32) {
    store<u8>(this.address, value, 123)
  }
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
  get options(): i32 {
    return load<u8>(this.address, 126)
  }
  set options(value: i32) {
    store<u8>(this.address, value, 126)
  }
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
  serial!: u32
  /** Rows: neighbours on the list that it is on, or in the free list; 0 is none. */
  before!: u32
  after!: u32
  hash!: u32
  private small!: u64
  start!: f64
  synTime!: f64
  synAckTime!: f64
  ackTime!: f64
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

  set iface(value: i32) {
    store<u16>(this.address, value, 56)
  }
  get marks(): i32 {
    return load<u16>(this.address, 58)
  }
  set marks(value: i32) {
    store<u16>(this.address, value, 58)
  }
  get list(): i32 {
    return load<u8>(this.address, 60)
  }
  set list(value: i32) {
    store<u8>(this.address, value, 60)
  }
  get client(): i32 {
    return load<u8>(this.address, 61)
  }
  set client(value: i32) {
    store<u8>(this.address, value, 61)
  }
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
