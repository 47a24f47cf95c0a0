import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../user-error.ts'
import { writeAll } from './output.ts'
import { writeFailure } from './output-file.ts'
import { asInvoker } from './process/invoker.ts'

/** Files held open at a time; a process may often have 1024 descriptors. */
const MAX_OPEN = 256
const CHUNK_BYTES = 256 * 1024

/**
 * A folder of files that grow side by side, readable only by their owner: whoever called sudo. Files that are there
 * already are never touched. Bytes for the file that was written to last are gathered in one chunk.
 */
export class OutputFolder {
  readonly #path: string
  /** Descriptors by name, the one used last at the end. */
  readonly #open = new Map<string, number>()
  /** Files that this run made and that are not finished. */
  readonly #made = new Set<string>()
  readonly #chunk = new Uint8Array(CHUNK_BYTES)
  #used = 0
  #current = ''

  /** Makes the folder when it is not there; throws `UserError` (exit 4) when that cannot be. */
  constructor(path: string) {
    this.#path = path
    try {
      asInvoker(() => mkdirSync(path, 0o700))
    } catch (error) {
      const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
      if (!isFolder) throw writeFailure(path, error)
    }
  }

  /** Adds bytes (borrowed) to a file, which the first ones make. */
  write(name: string, bytes: Uint8Array): void {
    if (name !== this.#current || bytes.length > CHUNK_BYTES - this.#used) this.flush()
    this.#current = name
    if (bytes.length > CHUNK_BYTES) {
      writeAll(this.#descriptor(name), bytes)
      return
    }
    this.#chunk.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** Writes what is gathered. */
  flush(): void {
    const used = this.#used
    if (used === 0) return
    this.#used = 0
    writeAll(this.#descriptor(this.#current), this.#chunk.subarray(0, used))
  }

  /** Nothing will be added to this file any more; one that is not to be kept is removed. */
  finish(name: string, keep: boolean): void {
    if (name === this.#current) {
      if (keep) this.flush()
      this.#used = 0
    }
    const descriptor = this.#open.get(name)
    this.#open.delete(name)
    if (descriptor !== undefined) closeSync(descriptor)
    if (this.#made.delete(name) && !keep) asInvoker(() => rmSync(join(this.#path, name)))
  }

  close(): void {
    this.flush()
    for (const descriptor of this.#open.values()) closeSync(descriptor)
    this.#open.clear()
  }

  #descriptor(name: string): number {
    const open = this.#open.get(name) ?? this.#openFile(name)
    this.#open.delete(name)
    this.#open.set(name, open)
    return open
  }

  #openFile(name: string): number {
    if (this.#open.size >= MAX_OPEN) {
      const [oldest] = this.#open.keys()
      closeSync(this.#open.get(oldest!)!)
      this.#open.delete(oldest!)
    }
    const path = join(this.#path, name)
    try {
      if (this.#made.has(name)) return asInvoker(() => openSync(path, 'a', 0o600))
      const descriptor = asInvoker(() => openSync(path, 'wx', 0o600))
      this.#made.add(name)
      return descriptor
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeFailure(path, error)
      throw new UserError(`${JSON.stringify(path)} is there already`, { hint: 'name an empty folder' })
    }
  }
}
