import { writeSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'

/** The reader of our output went away (`| head`): the program ends quietly with exit code 0. */
export class ClosedPipe extends Error {}

const CHUNK_BYTES = 64 * 1024
/** A UTF-16 code unit becomes at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3

const sleepCell = new Int32Array(new SharedArrayBuffer(4))

/** Writes all bytes, waiting where the reader is slow: back-pressure is the reader's, no queue is ours. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let from = 0
  while (from < bytes.length) {
    try {
      from += writeSync(fd, bytes, from, bytes.length - from)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') Atomics.wait(sleepCell, 0, 0, 1)
      else if (code === 'EPIPE') throw new ClosedPipe()
      else if (code !== 'EINTR')
        throw new UserError(
          `Cannot write the output: ${code === 'ENOSPC' ? 'no space left on device' : code}`,
          {
            hint: 'free some space or write to another place',
            exitCode: EXIT.internal,
            cause: error,
          },
        )
    }
  }
}

/**
 * Text to a descriptor through one preallocated chunk, written synchronously.
 * Call `flush()` whenever the input is idle and at the end: nothing is written in between until the chunk is full.
 */
export class Output {
  readonly fd: number
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #used = 0

  constructor(fd: number) {
    this.fd = fd
  }

  write(text: string): void {
    if (text.length * MAX_BYTES_PER_UNIT > CHUNK_BYTES - this.#used) {
      this.flush()
      if (text.length * MAX_BYTES_PER_UNIT > CHUNK_BYTES) {
        writeAll(this.fd, Buffer.from(text))
        return
      }
    }
    this.#used += this.#chunk.write(text, this.#used)
  }

  /** Bytes that are ready, behind the text before them; borrowed. */
  writeBytes(bytes: Uint8Array): void {
    if (bytes.length > CHUNK_BYTES - this.#used) {
      this.flush()
      if (bytes.length > CHUNK_BYTES) {
        writeAll(this.fd, bytes)
        return
      }
    }
    this.#chunk.set(bytes, this.#used)
    this.#used += bytes.length
  }

  flush(): void {
    const used = this.#used
    if (used === 0) return
    this.#used = 0
    writeAll(this.fd, this.#chunk.subarray(0, used))
  }
}
