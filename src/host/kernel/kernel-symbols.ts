import { closeSync, openSync, readSync } from 'node:fs'
import { KernelSymbols } from '../../kernel/symbols.ts'

const CHUNK = 256 * 1024

/**
 * Names of the kernel's functions. The file is opened at once, since the right to see addresses is that of who
 * opens it, and read when the first name is asked for (5.5 MB, which the kernel writes in 0.1 to 0.2 s; once).
 */
export class SymbolFile {
  readonly #fd: number
  #symbols: KernelSymbols | undefined
  #closed = false

  constructor(path = '/proc/kallsyms') {
    this.#fd = open(path)
  }

  /** The function around an address (low 48 bits); `null` when that cannot be told. */
  find(address: number): string | null {
    if (this.#symbols === undefined) {
      if (this.#fd === -1 || this.#closed) return null
      this.#symbols = new KernelSymbols(readAll(this.#fd))
      this.close()
    }
    return this.#symbols.find(address)
  }

  close(): void {
    if (!this.#closed && this.#fd !== -1) closeSync(this.#fd)
    this.#closed = true
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    return -1
  }
}

/** The kernel tells no length beforehand, and gives a page at a time. */
function readAll(fd: number): Uint8Array {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    let filled = 0
    for (let read = -1; read !== 0 && filled < CHUNK; filled += read)
      read = readSync(fd, chunk, filled, CHUNK - filled, null)
    if (filled === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, filled))
  }
}
