import { isatty } from 'node:tty'
import { Output } from '../host/output.ts'
import { sanitize } from '../render/sanitize.ts'

/** The three standard streams as a command sees them; tests give their own. */
export interface Io {
  /** Standard output; buffered until `flush`. */
  write(text: string): void
  /** UTF-8 that is ready, for standard output; borrowed for the call. */
  writeBytes(bytes: Uint8Array): void
  /** One line on standard error, about the run and not part of the result; silenced by `-q`. */
  note(text: string): void
  flush(): void
  readonly isTerminal: boolean
  /** Width of the terminal in cells; 80 when there is none. */
  readonly columns: number
  /** Height of the terminal in lines; 24 when there is none. */
  readonly rows: number
  readonly env: { readonly [name: string]: string | undefined }
}

export function processIo(quiet = false): Io {
  const stdout = new Output(1)
  const stderr = new Output(2)
  const isTerminal = isatty(1)
  return {
    write: (text) => stdout.write(text),
    writeBytes: (bytes) => stdout.writeBytes(bytes),
    note(text) {
      if (quiet) return
      stdout.flush()
      try {
        stderr.write(`${sanitize(text)}\n`)
        stderr.flush()
      } catch {
        // Nobody reads the notes: that is no reason to stop.
      }
    },
    flush: () => stdout.flush(),
    isTerminal,
    columns: (isTerminal && process.stdout.columns) || 80,
    rows: (isTerminal && process.stdout.rows) || 24,
    env: process.env,
  }
}
