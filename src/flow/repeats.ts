import { diff } from '../wire/seq.ts'
import { FIN, SYN } from '../wire/tcp.ts'
import { SIDE_SYN, SIDE_SYN_ACK } from './marks.ts'
import type { Segment } from './segment.ts'
import type { FlowStore } from './store.ts'
import * as word from './trouble.ts'

/**
 * How many numbers of the segment (bytes, SYN, FIN) its sender had sent before, as tcptrace counts them: what was
 * seen already, not what an acknowledgement covers. Gaps that it fills close. `next` is the sender's from before,
 * beyond the segment's beginning.
 */
export function countRepeats(store: FlowStore, segment: Segment, next: number): number {
  const { sender, sequence, end, length, flags } = segment
  const old = Math.min(diff(next, sequence), diff(end, sequence))
  const row = store.troubleOf(sender)
  const filled = store.gaps.fill(store.trouble, row, sequence, end)
  const repeated = old - filled - belowLowest(store, segment, row)
  if (repeated <= 0) return 0
  const syn = flags & SYN ? 1 : 0
  const fin = flags & FIN && diff(end, next) <= 0 ? 1 : 0
  store.trouble.count(row, word.REXMT_PACKETS)
  store.trouble.add(row, word.REXMT_BYTES, repeated)
  store.trouble.add(row, word.NOT_UNIQUE, Math.min(length, Math.max(0, repeated - syn - fin)))
  return repeated
}

/** Where the capture began in the middle, earlier bytes can come late: these are new. */
function belowLowest(store: FlowStore, segment: Segment, row: number): number {
  const { trouble, gaps } = store
  const { sequence, end, sender } = segment
  const first = sender.initial + (sender.marks & (SIDE_SYN | SIDE_SYN_ACK) ? 0 : 1)
  const lowest = trouble.get(row, word.LOWEST_KNOWN) ? trouble.get(row, word.LOWEST) : first
  const below = diff(lowest, sequence)
  if (below <= 0) return 0
  trouble.set(row, word.LOWEST_KNOWN, 1)
  trouble.set(row, word.LOWEST, sequence)
  if (diff(lowest, end) > 0) gaps.miss(trouble, row, end, lowest)
  return Math.min(below, diff(end, sequence))
}

/**
 * Whether a segment with data, SYN or FIN is sent against a closed window. It asks for room: as in tcptrace it is
 * not timed, and its bytes count neither as sent again nor as unique.
 */
export function asksForWindow(store: FlowStore, { sender, receiver, length }: Segment): boolean {
  const { trouble } = store
  if (receiver.window !== 0 || receiver.packets === 0 || trouble.get(receiver.trouble, word.RESETS) !== 0)
    return false
  if (length > 0) trouble.add(store.troubleOf(sender), word.NOT_UNIQUE, length)
  return true
}
