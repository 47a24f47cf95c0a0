import { fstatSync } from 'node:fs'
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

/** `fd` is where the output goes, and the terminal that is asked about when it is one. */
export function processIo(quiet = false, fd = 1): Io {
  const stdout = new Output(fd)
  const stderr = new Output(2)
  const isTerminal = isDevice(fd) && isatty(fd)
  // Node takes 3 ms to make a stream of it.
  const terminal = isTerminal ? (fd === 2 ? process.stderr : process.stdout) : undefined
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
    columns: terminal?.columns || 80,
    rows: terminal?.rows || 24,
    env: process.env,
  }
}

/** A pipe or file is no terminal: `list` then need not load `node:tty`, 4 ms (scripts/build.mjs). */
function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch {
    return false
  }
}
