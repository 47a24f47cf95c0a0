import { event } from './event.ts'
import { endEventLine, isLine, putEventHead } from './event-line.ts'
import { event as tell } from './host.ts'
import { cursor, moveTo } from './line.ts'

let start: usize = 0
let asLine: bool = false

/** An event about the segment at hand, of which all but the sentence is known: that is written next (`say.ts`). */
export function begin(kind: i32): void {
  event.kind = kind
  start = cursor()
  asLine = isLine()
  if (asLine) putEventHead()
}

/** The sentence is complete: the event is, as a line or told to the host. */
export function end(): void {
  if (asLine) endEventLine()
  else {
    const length = u32(cursor() - start)
    moveTo(start)
    tell(start, length)
  }
  event.nanos = NaN
  event.step = 0
  event.combined = 0
  event.moves = 0
}
