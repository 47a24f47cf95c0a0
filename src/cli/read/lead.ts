/** Words of the shared memory, as numbers of 64 bits; the third is two of 32 bits. */
const PACKETS = 0
const FLOWS = 1
const TURN = 4
const ENDED = 5

/**
 * How far a thread that leads has read a capture, and what the one that follows it has found: memory that both share.
 * Only the one that follows ever waits.
 */
export class Lead {
  readonly memory: SharedArrayBuffer
  readonly #numbers: Float64Array
  readonly #words: Int32Array

  constructor(memory = new SharedArrayBuffer(24)) {
    this.memory = memory
    this.#numbers = new Float64Array(memory)
    this.#words = new Int32Array(memory)
  }

  /** Another `packets` were read. */
  advance(packets: number): void {
    this.#numbers[PACKETS]! += packets
    this.#wake()
  }

  /** No more will be. */
  end(): void {
    Atomics.store(this.#words, ENDED, 1)
    this.#wake()
  }

  /** Blocks until `packets` were read in all, or no more will be; returns how many of them were. */
  wait(packets: number): number {
    for (;;) {
      const turn = Atomics.load(this.#words, TURN)
      const ended = Atomics.load(this.#words, ENDED) === 1
      const read = this.#numbers[PACKETS]!
      if (read >= packets || ended) return Math.min(read, packets)
      Atomics.wait(this.#words, TURN, turn)
    }
  }

  /** Flows that the one that follows has seen. */
  get flows(): number {
    return this.#numbers[FLOWS]!
  }
  set flows(count: number) {
    this.#numbers[FLOWS] = count
  }

  /** What was written before is seen by whoever sees the new turn. */
  #wake(): void {
    Atomics.add(this.#words, TURN, 1)
    Atomics.notify(this.#words, TURN)
  }
}
