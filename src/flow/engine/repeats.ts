import { FIN, SYN } from '../../wire/tcp-bits.ts'
import { SIDE_SYN, SIDE_SYN_ACK } from '../marks.ts'
import { LOWEST, LOWEST_KNOWN, NOT_UNIQUE, RESETS, REXMT_BYTES, REXMT_PACKETS } from '../trouble-words.ts'
import { fillGaps, miss } from './gaps.ts'
import { diff, segment } from './segment.ts'
import { add, count, get, set, troubleOf } from './trouble.ts'

/**
 * How many numbers of the segment (bytes, SYN, FIN) its sender had sent before, as tcptrace counts them: what was
 * seen already, not what an acknowledgement covers. Gaps that it fills close. `next` is the sender's from before,
 * beyond the segment's beginning.
 */
export function countRepeats(next: u32): i64 {
  const sequence = segment.sequence
  const end = segment.end
  const flags = segment.flags
  const old = min(diff(next, sequence), diff(end, sequence))
  const row = troubleOf(segment.sender)
  const filled = fillGaps(row, sequence, end)
  const repeated = i64(old) - filled - belowLowest(row)
  if (repeated <= 0) return 0
  const syn: i64 = flags & SYN ? 1 : 0
  const fin: i64 = (flags & FIN) != 0 && diff(end, next) <= 0 ? 1 : 0
  count(row, REXMT_PACKETS)
  add(row, REXMT_BYTES, repeated)
  add(row, NOT_UNIQUE, min<i64>(segment.length, max<i64>(0, repeated - syn - fin)))
  return repeated
}

/** Where the capture began in the middle, earlier bytes can come late: these are new. */
function belowLowest(row: usize): i32 {
  const sender = segment.sender
  const sequence = segment.sequence
  const end = segment.end
  const first = sender.initial + (sender.marks & (SIDE_SYN | SIDE_SYN_ACK) ? 0 : 1)
  const lowest = get(row, LOWEST_KNOWN) ? get(row, LOWEST) : first
  const below = diff(lowest, sequence)
  if (below <= 0) return 0
  set(row, LOWEST_KNOWN, 1)
  set(row, LOWEST, sequence)
  if (diff(lowest, end) > 0) miss(row, end, lowest)
  return min(below, diff(end, sequence))
}

/**
 * Whether a segment with data, SYN or FIN is sent against a closed window. It asks for room: as in tcptrace it is
 * not timed, and its bytes count neither as sent again nor as unique.
 */
export function asksForWindow(): bool {
  const receiver = segment.receiver
  if (receiver.window != 0 || receiver.packets == 0 || get(receiver.trouble, RESETS) != 0) return false
  if (segment.length > 0) add(troubleOf(segment.sender), NOT_UNIQUE, segment.length)
  return true
}
