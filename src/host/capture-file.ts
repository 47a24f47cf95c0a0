import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Socket } from 'node:net'
import { setImmediate as loopTurn } from 'node:timers/promises'
import { isatty } from 'node:tty'
import type { PacketBatch } from '../capture/batch.ts'
import type { CaptureDamage, CaptureDecoder } from '../capture/decoder.ts'
import { openDecoder, sniffCapture } from '../capture/sniff.ts'
import { type CaptureCounters, type CaptureInterface, END, type PacketSource } from '../capture/source.ts'
import { EXIT, UserError } from '../user-error.ts'
import { FileFilter } from './file-filter.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
/** Enough to tell what a file is, and smaller than any capture file. */
const SNIFF_BYTES = 4

export interface CaptureFile extends PacketSource {
  /** Where the file stops making sense; everything before was read. Known once `read` gave `END`. */
  readonly truncated: CaptureDamage | undefined
}

/**
 * Opens a pcap or pcapng file, or with `-` standard input; a pipe is followed as its writer goes on.
 * Throws `UserError` (exit 4) when there is nothing to read; that it is no capture, or what is wrong with
 * `filter`, is only known when its first bytes are: then the first `read` rejects, also with a `UserError`.
 */
export function openCaptureFile(path: string, options: { filter?: string } = {}): CaptureFile {
  const name = path === '-' ? 'standard input' : JSON.stringify(path)
  let fd = 0
  try {
    if (path !== '-') fd = openSync(path, 'r')
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw unreadable(name, 'it is a directory', 'name the capture file in it')
    if (stats.isFile() && stats.size === 0) throw emptyFile(name)
    return new FileSource(name, bytesOf(fd, stats, name), options.filter)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw cannotOpen(name, error)
  }
}

class FileSource implements CaptureFile {
  readonly engine = 'file'
  truncated: CaptureDamage | undefined
  readonly #name: string
  readonly #input: ByteInput
  readonly #filter: FileFilter | undefined
  #decoder: CaptureDecoder | undefined
  #bytes = new Uint8Array(CHUNK_BYTES)
  #view = new DataView(this.#bytes.buffer)
  /** Bytes [0, consumed) are in the last batch, [consumed, filled) wait for the rest of their record. */
  #consumed = 0
  #filled = 0
  #packets = 0
  #ended = false

  constructor(name: string, input: ByteInput, filter: string | undefined) {
    this.#name = name
    this.#input = input
    this.#filter = filter === undefined ? undefined : new FileFilter(filter)
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#decoder?.interfaces ?? []
  }

  get originSeconds(): number {
    return this.#decoder?.originSeconds ?? 0
  }

  async read(batch: PacketBatch): Promise<number> {
    batch.count = 0
    while (!this.#ended) {
      // Signals and keys get their turn between chunks.
      await loopTurn()
      this.#carryOver()
      const added = this.#ended ? 0 : await this.#input.read(this.#bytes, this.#filled)
      if (this.#ended) break
      this.#filled += added
      this.#decoder ??= this.#openDecoder(added === 0)
      const decoder = this.#decoder
      if (decoder === undefined) continue
      batch.reset(this.#bytes, this.#view)
      this.#consumed = decoder.decode(this.#bytes, this.#view, 0, this.#filled, batch)
      if (added === 0 || decoder.damage !== undefined) this.#finish(decoder)
      this.#filter?.apply(batch, decoder.interfaces)
      this.#packets += batch.count
      if (batch.count > 0) return batch.count
    }
    return END
  }

  counters(): CaptureCounters {
    const drops = this.#decoder?.drops
    return { received: this.#packets, droppedKernel: drops?.kernel, droppedInterface: drops?.interface }
  }

  close(): void {
    this.#ended = true
    this.#input.close()
  }

  /** Moves what was not consumed to the front, and makes room for a record that is larger than the chunk. */
  #carryOver(): void {
    const left = this.#filled - this.#consumed
    const needed = this.#decoder?.needed ?? 0
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(this.#consumed, this.#filled))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    } else if (this.#consumed > 0) this.#bytes.copyWithin(0, this.#consumed, this.#filled)
    this.#consumed = 0
    this.#filled = left
  }

  /** By the first bytes; `undefined` while there are too few of them and more may come. */
  #openDecoder(atEnd: boolean): CaptureDecoder | undefined {
    if (this.#filled === 0 && atEnd) throw emptyFile(this.#name)
    if (this.#filled < SNIFF_BYTES && !atEnd) return undefined
    const format = sniffCapture(this.#bytes.subarray(0, this.#filled))
    if (format === 'pcap' || format === 'pcapng') return openDecoder(format)
    if (format === undefined) throw notCapture(this.#name, 'it is not a capture file')
    throw unreadable(
      this.#name,
      `it is compressed with ${format}`,
      `decompress it first: ${format} -dc FILE | socktrace read -`,
    )
  }

  #finish(decoder: CaptureDecoder): void {
    this.truncated = decoder.finish(this.#filled - this.#consumed)
    if (this.truncated?.offset === 0) throw notCapture(this.#name, this.truncated.message)
    this.close()
  }
}

/** Where the bytes of a capture come from. */
interface ByteInput {
  /** Fills `bytes` from `from` on, as far as there is something; 0 only at the end. */
  read(bytes: Uint8Array, from: number): number | Promise<number>
  close(): void
}

/**
 * A regular file is read synchronously (4 MiB take about a millisecond). A pipe is waited for by the event loop:
 * a thread blocked in read(2) would keep the process from exiting.
 */
function bytesOf(fd: number, stats: Stats, name: string): ByteInput {
  if (stats.isFIFO() || stats.isSocket())
    return pipeInput(new Socket({ fd, readable: true, writable: false }))
  if (stats.isCharacterDevice() && isatty(fd))
    throw unreadable(name, 'it is a terminal', 'pipe a capture into it, or name a file')
  return {
    read(bytes, from) {
      let at = from
      while (at < bytes.length) {
        const count = readSome(fd, bytes, at, name)
        if (count === 0) break
        at += count
      }
      return at - from
    },
    close() {
      if (fd > 0) closeSync(fd)
      fd = -1
    },
  }
}

function readSome(fd: number, bytes: Uint8Array, at: number, name: string): number {
  try {
    return readSync(fd, bytes, at, bytes.length - at, null)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unreadable(name, `reading failed with ${code}`, 'check the file and its disk', error)
  }
}

function pipeInput(socket: Socket): ByteInput {
  let failure: Error | undefined
  let wake = (): void => {}
  const notify = (): void => wake()
  socket.on('readable', notify).on('end', notify).on('close', notify)
  socket.on('error', (error) => {
    failure = error
    wake()
  })
  return {
    async read(bytes, from) {
      for (;;) {
        const room = bytes.length - from
        const chunk: Buffer | null = socket.read(Math.min(room, socket.readableLength) || undefined)
        if (chunk !== null) {
          bytes.set(chunk, from)
          return chunk.length
        }
        if (failure !== undefined) throw failure
        if (socket.readableEnded || socket.destroyed) return 0
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    close() {
      socket.destroy()
    },
  }
}

function unreadable(name: string, reason: string, hint: string, cause?: unknown): UserError {
  return new UserError(`Cannot read ${name}: ${reason}`, { hint, exitCode: EXIT.input, cause })
}

function emptyFile(name: string): UserError {
  return unreadable(name, 'it is empty', 'a capture without packets still has a header')
}

function notCapture(name: string, reason: string): UserError {
  return unreadable(name, reason, 'pcap and pcapng files can be read (tcpdump -w, Wireshark)')
}

const OPEN_REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['no such file', 'check the name'],
  ENOTDIR: ['no such file', 'check the name'],
  EACCES: ['no permission', 'run it as a user who may read the file'],
  EPERM: ['no permission', 'run it as a user who may read the file'],
}

function cannotOpen(name: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  const [reason, hint] = OPEN_REASONS[code] ?? [code, 'check the file and its disk']
  return new UserError(`Cannot open ${name}: ${reason}`, { hint, exitCode: EXIT.input, cause: error })
}
