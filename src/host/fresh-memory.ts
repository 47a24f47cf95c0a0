import { closeSync, openSync, read } from 'node:fs'

/** Touched at a time, and while less than `LEFT_BYTES` are left. */
const PIECE_BYTES = 4 << 20
const LEFT_BYTES = 2 * PIECE_BYTES
/** What is taken between two looks has to be that much: a memory that hardly grows needs nothing. */
const LEAST_BYTES = 256 << 10

/** A memory that grows; addresses and sizes are bytes, as numbers of 32 bits with or without a sign. */
export interface GrowingMemory {
  readonly calls: { takenBytes(): number; leftBytes(): number; freshTouched(): void }
  /** Memory behind its end, zeroed, that it does not use before `freshTouched`; `undefined` when there is none. */
  growFresh(bytes: number): Uint8Array | undefined
}

/**
 * Touches memory before it is wanted. The first write to a page is a fault of 1.6 µs, a tenth of all time that a large
 * file takes; here a thread of the pool has them, in read(2) from /dev/zero.
 */
export class FreshMemory {
  readonly #memory: GrowingMemory
  /** At the last look; before the first, which a small file has no second to. */
  #taken = Number.POSITIVE_INFINITY
  #fd: number | undefined
  #isTouching = false
  #isClosed = false

  constructor(memory: GrowingMemory) {
    this.#memory = memory
  }

  /** To be called now and then while the memory is used. */
  look(): void {
    const { calls } = this.#memory
    const taken = calls.takenBytes() >>> 0
    const grown = taken - this.#taken
    this.#taken = taken
    if (grown < LEAST_BYTES || this.#isTouching || calls.leftBytes() >>> 0 >= LEFT_BYTES) return
    this.#fd ??= openZero()
    const bytes = this.#fd < 0 ? undefined : this.#memory.growFresh(PIECE_BYTES)
    if (bytes === undefined) return
    this.#isTouching = true
    // How far it got does not matter: what is not touched is zero too.
    read(this.#fd, bytes, 0, PIECE_BYTES, null, () => {
      this.#isTouching = false
      calls.freshTouched()
      if (this.#isClosed) this.close()
    })
  }

  close(): void {
    this.#isClosed = true
    if (this.#isTouching || this.#fd === undefined || this.#fd < 0) return
    closeSync(this.#fd)
    this.#fd = undefined
  }
}

/** -1 where there is none: then the pages come as they are wanted. */
function openZero(): number {
  try {
    return openSync('/dev/zero', 'r')
  } catch {
    return -1
  }
}
