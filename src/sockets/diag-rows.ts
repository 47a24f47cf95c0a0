const CHUNK_BYTES = 2 << 20

/**
 * Messages of a dump as the kernel wrote them, kept without an object for each: 200 000 TCP sockets are 28 MB here and
 * 200 MB as records. A row is a number from 0 on.
 */
export class DiagRows {
  count = 0
  readonly #chunks: DataView[] = []
  /** Chunks in use; those behind them are left from before `clear`. */
  #held = 0
  #used = CHUNK_BYTES
  #chunkOf = new Uint16Array(1024)
  #starts = new Uint32Array(1024)
  #ends = new Uint32Array(1024)

  /** At least `bytes` of memory to receive into, after what was added; `add` then takes offsets of its chunk. */
  room(bytes: number): Uint8Array {
    if (this.#used + bytes > CHUNK_BYTES) {
      const left = this.#chunks[this.#held]
      if (left === undefined || left.byteLength < bytes)
        this.#chunks[this.#held] = new DataView(new ArrayBuffer(Math.max(CHUNK_BYTES, bytes)))
      this.#held++
      this.#used = 0
    }
    return new Uint8Array(this.last.buffer, this.#used)
  }

  /** The view over the last chunk. */
  get last(): DataView {
    return this.#chunks[this.#held - 1]!
  }

  /** Keeps `[start, end)` of the last chunk as a row. */
  add(start: number, end: number): void {
    const row = this.count++
    if (row === this.#starts.length) this.#grow()
    this.#chunkOf[row] = this.#held - 1
    this.#starts[row] = start
    this.#ends[row] = end
  }

  /** Everything received before `offset` of the last chunk stays. */
  keep(offset: number): void {
    this.#used = offset
  }

  /** Forgets the rows; their memory is kept for others. */
  clear(): void {
    this.count = 0
    this.#held = 0
    this.#used = CHUNK_BYTES
  }

  view(row: number): DataView {
    return this.#chunks[this.#chunkOf[row]!]!
  }

  start(row: number): number {
    return this.#starts[row]!
  }

  end(row: number): number {
    return this.#ends[row]!
  }

  #grow(): void {
    const length = 2 * this.#starts.length
    const grown = <T extends Uint16Array | Uint32Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.#chunkOf = grown(new Uint16Array(length), this.#chunkOf)
    this.#starts = grown(new Uint32Array(length), this.#starts)
    this.#ends = grown(new Uint32Array(length), this.#ends)
  }
}
