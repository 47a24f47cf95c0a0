import { EVENT_BYTES } from '../layout.ts'
import type { Side } from './row.ts'
import { segment } from './segment.ts'

/** What an event says beside the segment. `EventView` sees the same bytes. */
@unmanaged
export class Event {
  /** How long it took, nanoseconds; NaN where that is not known. */
  nanos!: f64
  /** EVENT_ number. */
  kind!: i32
  /** Of the handshake or close, from 1. */
  step!: i32
  /** It is also the step before. */
  combined!: i32
  /** An endpoint changed its state: whose, and what from and to. */
  moves!: i32
  ofClient!: i32
  from!: i32
  to!: i32
}

export const event: Event = changetype<Event>(memory.data(EVENT_BYTES, 8))
event.nanos = NaN

/** Who sends from this side. */
export function isClient(side: Side): bool {
  return segment.flow.client == segment.direction ? side == segment.sender : side == segment.receiver
}

/** The endpoint's step through the state machine. */
export function move(side: Side, from: i32, to: i32): void {
  event.moves = 1
  event.ofClient = i32(isClient(side))
  event.from = from
  event.to = to
}
