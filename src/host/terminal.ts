import { writeSync } from 'node:fs'
import type { ReadStream, WriteStream } from 'node:tty'
import { writeAll } from './output.ts'

/** What a full-screen program wants to be told. */
export interface TerminalEvents {
  readonly input: (text: string) => void
  readonly resized: () => void
  /** It goes to the background now, and came back: the screen is not ours in between. */
  readonly suspend: () => void
  readonly resume: () => void
}

/** The terminal on standard input and output, taken over for a while: raw input, its size, suspension. */
export class Terminal {
  readonly #input = process.stdin as ReadStream
  readonly #output = process.stdout as WriteStream
  readonly #events: TerminalEvents
  readonly #decoder = new TextDecoder()
  #open = false

  constructor(events: TerminalEvents) {
    this.#events = events
  }

  get columns(): number {
    return this.#output.columns || 80
  }

  get rows(): number {
    return this.#output.rows || 24
  }

  open(): void {
    if (this.#open) return
    this.#open = true
    this.#input.setRawMode(true)
    this.#input.on('data', this.#read)
    this.#input.resume()
    this.#output.on('resize', this.#resized)
    process.on('SIGTSTP', this.#stopped)
    process.on('SIGCONT', this.#continued)
  }

  /** Gives it back as it was. Idempotent. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#input.off('data', this.#read)
    this.#output.off('resize', this.#resized)
    process.off('SIGTSTP', this.#stopped)
    process.off('SIGCONT', this.#continued)
    try {
      this.#input.setRawMode(false)
    } catch {
      // The terminal went away.
    }
    this.#input.pause()
    this.#input.unref()
  }

  write(text: string): void {
    writeAll(1, Buffer.from(text))
  }

  /** The last words on the way out: the terminal may be gone. */
  writeLast(text: string): void {
    try {
      writeSync(1, text)
    } catch {
      // Nobody is there to see it.
    }
  }

  /** As Ctrl-Z does. */
  suspend(): void {
    this.#stopped()
  }

  readonly #read = (bytes: Buffer): void => {
    this.#events.input(this.#decoder.decode(bytes, { stream: true }))
  }

  readonly #resized = (): void => this.#events.resized()

  readonly #stopped = (): void => {
    this.#events.suspend()
    this.#input.setRawMode(false)
    process.kill(process.pid, 'SIGSTOP')
  }

  readonly #continued = (): void => {
    this.#input.setRawMode(true)
    this.#events.resume()
  }
}
