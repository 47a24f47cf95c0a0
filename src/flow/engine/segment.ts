import { SEGMENT_BYTES } from '../layout.ts'
import type { Flow, Side } from './row.ts'

/**
 * One TCP segment and what the stages find in it, in the order they run. One instance, reused for every packet;
 * `Segment` of the views sees the same bytes (`SEGMENT_` of `layout.ts`).
 */
@unmanaged
export class Segment {
  time!: f64
  packet!: f64
  direction!: i32
  iface!: i32
  sequence!: u32
  acknowledgement!: u32
  flags!: i32
  window!: u32
  ttl!: i32
  length!: i32
  end!: u32
  /** Of the options: HAS_ bits, and the values that the stages need. */
  present!: i32
  mss!: i32
  windowScale!: i32
  cookieLength!: i32
  mptcpSubtype!: i32
  mptcpSubtypes!: i32
  anomalies!: i32
  steps!: i32
  senderFrom!: i32
  senderTo!: i32
  senderExpected!: i32
  receiverFrom!: i32
  receiverTo!: i32
  resetEffect!: i32
  row!: u32
  flow!: Flow
  sender!: Side
  receiver!: Side
  /** Where its options are and how many bytes of them were captured; 0 where the host has them. */
  options!: usize
  optionsLength!: u32
  /** 1 where whoever reads content gives up on this segment's. */
  partial!: i32
}

export const segment: Segment = changetype<Segment>(memory.data(SEGMENT_BYTES, 8))

/** Signed distance from `b` to `a`: positive when `a` is later (RFC 1982, RFC 9293 section 3.4). */
export function diff(a: u32, b: u32): i32 {
  return i32(a - b)
}
