import type { PacketStack } from '../wire/stack.ts'
import { KIND_TCP } from '../wire/stack.ts'
import { FIN, RST } from '../wire/tcp-bits.ts'

/** What other programs' flow records count beside ours; `client` and `server` are the senders. */
export interface WireCount {
  /** Bytes of IP packets, their headers included, as their length fields say. */
  readonly ipBytes: number
  /** Bytes of frames, as they were on the wire. */
  readonly frameBytes: number
  /** Every TCP flag that was set once, as `wire/tcp.ts` numbers them. */
  readonly flags: number
}

/**
 * Numbers of a row: for each side IP bytes, frame bytes and flags, then the time that Zeek ends a connection at, and
 * whose they are: the flow's id + 1.
 */
const WIDTH = 8
const IP_BYTES = 0
const FRAME_BYTES = 1
const FLAGS = 2
const SERVER = 3
const LAST = 6
const OWNER = 7

/**
 * Counts by row of the flow table, kept only where such records are asked for: nobody else pays for them.
 */
export class WireCounts {
  #numbers = new Float64Array(1024 * WIDTH)

  /** One packet of flow `id` in `row`; `frameLength` is its length on the wire. */
  add(
    row: number,
    id: number,
    fromClient: boolean,
    stack: PacketStack,
    frameLength: number,
    time: number,
  ): void {
    if ((row + 1) * WIDTH > this.#numbers.length) this.#grow(row)
    const numbers = this.#numbers
    const at = row * WIDTH
    if (numbers[at + OWNER] !== id + 1) {
      numbers.fill(0, at, at + WIDTH)
      numbers[at + OWNER] = id + 1
    }
    const side = at + (fromClient ? 0 : SERVER)
    const peer = at + (fromClient ? SERVER : 0)
    numbers[side + IP_BYTES]! += stack.payloadOffset - stack.networkOffset + stack.payloadLength
    numbers[side + FRAME_BYTES]! += frameLength
    const over = isOver(numbers[side + FLAGS]!) && isOver(numbers[peer + FLAGS]!)
    if (!over) numbers[at + LAST] = time
    if (stack.kind === KIND_TCP) numbers[side + FLAGS]! |= stack.tcp.flags
  }

  /** The counts of the flow in `row`. */
  of(row: number): { readonly client: WireCount; readonly server: WireCount; readonly last: number } {
    const numbers = this.#numbers.subarray(row * WIDTH, (row + 1) * WIDTH)
    const side = (from: number): WireCount => ({
      ipBytes: numbers[from + IP_BYTES] ?? 0,
      frameBytes: numbers[from + FRAME_BYTES] ?? 0,
      flags: numbers[from + FLAGS] ?? 0,
    })
    return { client: side(0), server: side(SERVER), last: numbers[LAST] ?? 0 }
  }

  #grow(row: number): void {
    const grown = new Float64Array(Math.max(this.#numbers.length * 2, (row + 1) * WIDTH))
    grown.set(this.#numbers)
    this.#numbers = grown
  }
}

/** A side that has sent its FIN, or a reset. */
function isOver(flags: number): boolean {
  return (flags & (FIN | RST)) !== 0
}
