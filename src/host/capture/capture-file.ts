import { fstatSync, openSync, type Stats, statSync } from 'node:fs'
import { setImmediate as loopTurn } from 'node:timers/promises'
import { isatty } from 'node:tty'
import type { PacketBatch } from '../../capture/batch.ts'
import type { CaptureDamage, CaptureDecoder } from '../../capture/decoder.ts'
import { openDecoder, type SniffedFormat, sniffCapture } from '../../capture/sniff.ts'
import { type CaptureCounters, type CaptureInterface, END, type PacketSource } from '../../capture/source.ts'
import { UserError } from '../../user-error.ts'
import { cannotOpen, emptyFile, notCapture, unreadable } from '../input-errors.ts'
import { RecordedNames } from '../sockets/recorded-names.ts'
import { type ByteInput, fileInput, growingInput, pipeInput, WOKEN } from './byte-input.ts'
import type { DecompressedInput } from './decompress.ts'
import type { FileFilter } from './file-filter.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
/** In front of each half: the largest beginning of a record that is carried over into it. */
const HEAD_BYTES = 264 * 1024
/** Enough to tell what a file is, and smaller than any capture file. */
const SNIFF_BYTES = 4

export interface CaptureFileOptions {
  readonly filter?: FileFilter
  /** The file is still being written: its end is a wait, until `wake` or `close`. */
  readonly follow?: boolean
  /** `nameOf` will be asked: names that stand at the end of the file are looked up at once. */
  readonly names?: boolean
  /** Bytes read at a time. */
  readonly chunkBytes?: number
  /** Called before waiting for a writer. */
  readonly waiting?: () => void
}

export interface CaptureFile extends PacketSource {
  /** Quoted, or `standard input`. */
  readonly name: string
  /** Where the file stops making sense; everything before was read. Known once `read` gave `END`. */
  readonly truncated: CaptureDamage | undefined
  /** Name of an address that the file gives, as far as it was read, or at its end (`names`). */
  nameOf(address: string): string | undefined
  /** A `read` that waits for a writer gives 0. */
  wake(): void
}

/**
 * Opens a pcap or pcapng file, plain or compressed with gzip or zstd, or with `-` standard input; a pipe is
 * followed as its writer goes on.
 * Throws `UserError` (exit 4) when there is nothing to read; that it is no capture, or what is wrong with
 * `filter`, is only known when its first bytes are: then the first `read` rejects, also with a `UserError`.
 */
export function openCaptureFile(path: string, options: CaptureFileOptions = {}): CaptureFile {
  const name = path === '-' ? 'standard input' : JSON.stringify(path)
  const { follow = false } = options
  let fd = 0
  try {
    if (path !== '-') fd = openSync(path, 'r')
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw unreadable(name, 'it is a directory', 'name the capture file in it')
    if (stats.isFile() && stats.size === 0 && !follow) throw emptyFile(name)
    const names = new RecordedNames()
    if (options.names && stats.isFile()) names.readEnd(fd, stats.size)
    return new FileSource(name, bytesOf(fd, stats, name, options), names, options)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw cannotOpen(name, error)
  }
}

function bytesOf(
  fd: number,
  stats: Stats,
  name: string,
  { follow, waiting = () => {} }: CaptureFileOptions,
): ByteInput {
  if (stats.isFIFO() || stats.isSocket()) return pipeInput(fd, waiting)
  if (stats.isCharacterDevice() && isatty(fd))
    throw unreadable(name, 'it is a terminal', 'pipe a capture into it, or name a file')
  return follow ? growingInput(fd, name, waiting) : fileInput(fd, name)
}

/** Whether two paths lead to the same file; one that is not there is no other's. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
  return a !== undefined && b !== undefined && a.isFile() && a.dev === b.dev && a.ino === b.ino
}

class FileSource implements CaptureFile {
  readonly engine = 'file'
  readonly name: string
  truncated: CaptureDamage | undefined
  #input: ByteInput
  /** `#input` when the file is compressed. */
  #decompressed: DecompressedInput | undefined
  readonly #filter: FileFilter | undefined
  #decoder: CaptureDecoder | undefined
  readonly #chunkBytes: number
  #bytes: Uint8Array
  #view: DataView
  /** `#bytes` is the batch's own space. */
  #isInBatch = false
  /** The half of `#bytes` that comes next, and that it is being filled. */
  #half = 0
  #filling: Promise<number> | undefined
  /** Bytes before `consumed` are in the last batch, [consumed, filled) wait for the rest of their record. */
  #consumed = 0
  #filled = 0
  /** Bytes of the (uncompressed) file so far. */
  #total = 0
  #packets = 0
  readonly #names: RecordedNames
  #ended = false

  constructor(
    name: string,
    input: ByteInput,
    names: RecordedNames,
    { filter, chunkBytes = CHUNK_BYTES }: CaptureFileOptions,
  ) {
    this.name = name
    this.#input = input
    this.#names = names
    this.#filter = filter
    this.#chunkBytes = chunkBytes
    this.#bytes = new Uint8Array(chunkBytes)
    this.#view = new DataView(this.#bytes.buffer)
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
      this.#moveInto(batch)
      const added = this.#ended ? 0 : await this.#readOn()
      if (this.#ended) break
      if (added === WOKEN) return 0
      this.#total += added
      this.#decoder ??= await this.#openDecoder(added === 0)
      const decoder = this.#decoder
      if (decoder === undefined) continue
      batch.reset(this.#bytes, this.#view)
      this.#consumed += decoder.decode(this.#bytes, this.#view, this.#consumed, this.#filled, batch)
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

  nameOf(address: string): string | undefined {
    return this.#decoder && this.#names.find(address, this.#decoder.names)
  }

  wake(): void {
    this.#input.wake()
  }

  close(): void {
    this.#ended = true
    this.#input.close()
  }

  /** Reads to where the batch wants its packets, if anywhere; its memory may have moved since the last read. */
  #moveInto(batch: PacketBatch): void {
    const space = batch.space(Math.max(this.#bytes.length, 2 * this.#chunkBytes))
    if (space === undefined) return
    if (!this.#isInBatch) space.bytes.set(this.#bytes.subarray(0, this.#filled))
    this.#isInBatch = true
    this.#bytes = space.bytes
    this.#view = space.view
  }

  /** Puts more bytes behind those that were not consumed; how many, 0 at the end, or `WOKEN`. */
  async #readOn(): Promise<number> {
    const hasHalves = this.#isInBatch && this.#bytes.length >= 4 * HEAD_BYTES
    const fill = hasHalves && this.#decoder ? this.#input.fill : undefined
    if (fill !== undefined && this.#filled - this.#consumed <= HEAD_BYTES) return this.#nextHalf(fill)
    // A half that is being filled comes first; a record that is larger than its head ends reading ahead.
    if (this.#filling !== undefined) return this.#joinHalf(await this.#filling)
    this.#carryOver()
    const added = await this.#input.read(this.#bytes, this.#filled)
    if (added > 0) this.#filled += added
    return added
  }

  /**
   * While one half of the bytes is analysed, the other is filled: a thread of the system copies what the main thread
   * would wait for. What was not consumed goes into the head of the next half, in front of what was read into it.
   */
  async #nextHalf(fill: NonNullable<ByteInput['fill']>): Promise<number> {
    const half = this.#bytes.length >>> 1
    // The half that does not hold what was left; where that lies across the middle it ends before the second's head does.
    if (this.#filling === undefined) this.#half = this.#consumed < half ? 1 : 0
    const begin = (this.#half === 0 ? 0 : half) + HEAD_BYTES
    const added = await (this.#filling ?? fill(this.#bytes, begin, half - HEAD_BYTES))
    this.#filling = undefined
    const left = this.#filled - this.#consumed
    this.#bytes.copyWithin(begin - left, this.#consumed, this.#filled)
    this.#consumed = begin - left
    this.#filled = begin + added
    this.#half = 1 - this.#half
    if (added > 0 && !this.#ended) {
      const next = (this.#half === 0 ? 0 : half) + HEAD_BYTES
      this.#filling = fill(this.#bytes, next, half - HEAD_BYTES)
      // Whoever waits for it is told; nobody may when the source is closed before.
      this.#filling.catch(() => {})
    }
    return added
  }

  /** What was not consumed and what came into the other half, one behind the other, in memory of their own. */
  #joinHalf(added: number): number {
    const begin = (this.#half === 0 ? 0 : this.#bytes.length >>> 1) + HEAD_BYTES
    const left = this.#bytes.subarray(this.#consumed, this.#filled)
    const joined = new Uint8Array(Math.max(this.#bytes.length, left.length + added))
    joined.set(left)
    joined.set(this.#bytes.subarray(begin, begin + added), left.length)
    this.#filling = undefined
    this.#isInBatch = false
    this.#bytes = joined
    this.#view = new DataView(joined.buffer)
    this.#consumed = 0
    this.#filled = left.length + added
    return added
  }

  /** Moves what was not consumed to the front, and makes room for a record that is larger than the chunk. */
  #carryOver(): void {
    const left = this.#filled - this.#consumed
    const needed = this.#decoder?.needed ?? 0
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(this.#consumed, this.#filled))
      this.#bytes = larger
      this.#isInBatch = false
      this.#view = new DataView(larger.buffer)
    } else if (this.#consumed > 0) this.#bytes.copyWithin(0, this.#consumed, this.#filled)
    this.#consumed = 0
    this.#filled = left
  }

  /** By the first bytes; `undefined` while there are too few of them and more may come. */
  async #openDecoder(atEnd: boolean): Promise<CaptureDecoder | undefined> {
    if (this.#filled === 0 && atEnd) throw this.#nothingIn()
    if (this.#filled < SNIFF_BYTES && !atEnd) return undefined
    const format = sniffCapture(this.#bytes.subarray(this.#consumed, this.#filled))
    if (format === 'pcap' || format === 'pcapng') return openDecoder(format)
    if (format === undefined) throw notCapture(this.name, 'it is not a capture file')
    await this.#decompress(format)
    return undefined
  }

  /** From here on the bytes are those in the compressed stream. */
  async #decompress(format: Exclude<SniffedFormat, 'pcap' | 'pcapng'>): Promise<void> {
    if (this.#decompressed !== undefined)
      throw unreadable(
        this.name,
        'it is compressed twice',
        `decompress it first: ${format} -dc FILE | socktrace read -`,
      )
    // Loaded only for such a file.
    const { decompress } = await import('./decompress.ts')
    this.#decompressed = decompress(format, this.#bytes.subarray(0, this.#filled), this.#input)
    this.#input = this.#decompressed
    this.#filled = 0
    this.#total = 0
  }

  #nothingIn(): UserError {
    const damage = this.#decompressed?.damage
    return damage === undefined ? emptyFile(this.name) : notCapture(this.name, damage)
  }

  #finish(decoder: CaptureDecoder): void {
    this.truncated = decoder.finish(this.#filled - this.#consumed)
    const damage = this.#decompressed?.damage
    if (damage !== undefined)
      this.truncated = { offset: this.truncated?.offset ?? this.#total, message: damage }
    if (this.truncated?.offset === 0) throw notCapture(this.name, this.truncated.message)
    this.close()
  }
}
