import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { KernelSymbols } from '../../kernel/symbols.ts'

const CHUNK = 256 * 1024

/** Places where the kernel drops packets; more are not met in practice. */
const MAX_KNOWN = 4096

/**
 * Names of the kernel's functions. The file is opened at once, since the right to see addresses is that of who
 * opens it, and read when a name is asked for that was not before: 5.5 MB, which the kernel writes in 0.1 to 0.2 s. They
 * stay only until memory is needed: what drops packets is always the same few functions. It is read again when an
 * address is new and modules came or went: the first rule of nftables loads the one that drops by it, and the function below
 * it would be named instead.
 */
export class SymbolFile {
  readonly #fd: number
  readonly #known = new Map<number, string | null>()
  readonly #modulesPath: string
  #symbols: WeakRef<KernelSymbols> | undefined
  /** The modules that were loaded when the names were read. */
  #modules = ''
  #closed = false

  constructor(path = '/proc/kallsyms', modulesPath = '/proc/modules') {
    this.#fd = open(path)
    this.#modulesPath = modulesPath
  }

  /** The function around an address (low 48 bits); `null` when that cannot be told. */
  find(address: number): string | null {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    if (this.#fd === -1 || this.#closed) return null
    const modules = loadedModules(this.#modulesPath)
    const kept = modules === this.#modules ? this.#symbols?.deref() : undefined
    const symbols = kept ?? this.#read(modules)
    const name = symbols.find(address)
    if (this.#known.size < MAX_KNOWN) this.#known.set(address, name)
    return name
  }

  close(): void {
    if (!this.#closed && this.#fd !== -1) closeSync(this.#fd)
    this.#closed = true
  }

  #read(modules: string): KernelSymbols {
    if (modules !== this.#modules) this.#known.clear()
    this.#modules = modules
    const symbols = new KernelSymbols(readAll(this.#fd))
    this.#symbols = new WeakRef(symbols)
    return symbols
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    return -1
  }
}

/** Names and addresses of the modules, the youngest first; empty in a kernel without. */
function loadedModules(path: string): string {
  try {
    return readFileSync(path, 'latin1').replaceAll(/ .* (?=0x)/g, ' ')
  } catch {
    return ''
  }
}

/** The kernel tells no length beforehand, and gives a page at a time. */
function readAll(fd: number): Uint8Array {
  const chunks: Buffer[] = []
  for (let position = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    let filled = 0
    for (let read = -1; read !== 0 && filled < CHUNK; filled += read)
      read = readSync(fd, chunk, filled, CHUNK - filled, position + filled)
    if (filled === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, filled))
    position += filled
  }
}
