import type { Side } from '../../flow/event.ts'

/** Bytes kept of the followed connection: what scrolls back. */
const MAX_BYTES = 256 * 1024

/** What one side sent without the other in between. */
export interface Turn {
  readonly side: Side
  bytes: Uint8Array
  /** Bytes that were not captured, in front of these. */
  readonly missed: number
}

/** The bytes of one connection in the order in which they were read by the other side, the latest ones. */
export class FollowBuffer {
  flow: number | undefined
  version = 0
  /** Bytes that had to go from the beginning. */
  left = 0
  readonly turns: Turn[] = []
  #held = 0

  start(flow: number): void {
    if (this.flow === flow) return
    this.flow = flow
    this.stop()
    this.flow = flow
  }

  stop(): void {
    this.flow = undefined
    this.turns.length = 0
    this.#held = 0
    this.left = 0
    this.version++
  }

  /** Borrowed bytes of the followed flow. */
  add(side: Side, bytes: Uint8Array, missed: number): void {
    const last = this.turns.at(-1)
    if (last !== undefined && last.side === side && missed === 0 && last.bytes.length < MAX_BYTES / 16) {
      const joined = new Uint8Array(last.bytes.length + bytes.length)
      joined.set(last.bytes)
      joined.set(bytes, last.bytes.length)
      last.bytes = joined
    } else this.turns.push({ side, bytes: bytes.slice(), missed })
    this.#held += bytes.length
    while (this.#held > MAX_BYTES && this.turns.length > 1) {
      const gone = this.turns.shift()!.bytes.length
      this.#held -= gone
      this.left += gone
    }
    this.version++
  }
}
