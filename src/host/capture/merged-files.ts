import { PacketBatch } from '../../capture/batch.ts'
import { type CaptureCounters, type CaptureInterface, END, type PacketSource } from '../../capture/source.ts'
import type { CaptureFile } from './capture-file.ts'
import type { FileFilter } from './file-filter.ts'

/** Bytes and packets of one merged batch. */
const BATCH_BYTES = 1024 * 1024
const BATCH_PACKETS = 4096
const NANOS_PER_SECOND = 1e9

/** One file, and the batch that its next packet is in. */
class Part {
  readonly file: CaptureFile
  readonly batch = new PacketBatch(256)
  /** The next packet is row `at` of `count`. */
  at = 0
  count = 0
  ended = false
  /** What makes its times count from the merged origin. */
  shift = 0
  /** Its interfaces' numbers among all, by its own. */
  readonly interfaces: number[] = []

  constructor(file: CaptureFile) {
    this.file = file
  }

  get time(): number {
    return this.batch.time[this.at]! + this.shift
  }

  get isEmpty(): boolean {
    return this.at === this.count && !this.ended
  }

  /** Reads the file on when nothing is left of its batch; false when that was woken, with nothing there yet. */
  async fill(): Promise<boolean> {
    if (!this.isEmpty) return true
    const count = await this.file.read(this.batch)
    this.ended = count === END
    this.at = 0
    this.count = Math.max(count, 0)
    return !this.isEmpty
  }
}

/**
 * Several capture files as one, in the order of time: always the earliest of the packets that are next in their
 * files, the first named file where two are equal, as mergecap does it. Packets are copied, so that those of one
 * batch lie in one piece of memory. The interfaces are those of all files, each file's its own; packets are numbered
 * as they come out.
 */
export class MergedFiles implements PacketSource {
  readonly engine = 'file'
  readonly interfaces: CaptureInterface[] = []
  originSeconds = 0
  readonly #parts: readonly Part[]
  readonly #filter: FileFilter | undefined
  #bytes = new Uint8Array(BATCH_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #started = false
  #packets = 0
  #ended = false

  constructor(files: readonly CaptureFile[], filter: FileFilter | undefined) {
    this.#parts = files.map((file) => new Part(file))
    this.#filter = filter
  }

  async read(batch: PacketBatch): Promise<number> {
    batch.count = 0
    for (const part of this.#parts) part.batch.keepsComments = batch.keepsComments
    if (!this.#started && !(await this.#start())) return this.#ended ? END : 0
    while (!this.#ended) {
      batch.reset(this.#bytes, this.#view)
      const woken = !(await this.#fill(batch))
      if (this.#ended || (batch.count === 0 && !woken)) break
      this.#filter?.apply(batch, this.interfaces)
      this.#packets += batch.count
      if (batch.count > 0 || woken) return batch.count
    }
    batch.count = 0
    return END
  }

  counters(): CaptureCounters {
    const all = this.#parts.map(({ file }) => file.counters())
    const sum = (key: 'droppedKernel' | 'droppedInterface'): number | undefined => {
      const told = all.map((counters) => counters[key]).filter((drops) => drops !== undefined)
      return told.length === 0 ? undefined : told.reduce((total, drops) => total + drops, 0)
    }
    return {
      received: this.#packets,
      droppedKernel: sum('droppedKernel'),
      droppedInterface: sum('droppedInterface'),
    }
  }

  /** Of the first named file that gives one. */
  nameOf(address: string): string | undefined {
    for (const { file } of this.#parts) {
      const name = file.nameOf(address)
      if (name !== undefined) return name
    }
    return undefined
  }

  close(): void {
    this.#ended = true
    for (const { file } of this.#parts) file.close()
  }

  wake(): void {
    for (const { file } of this.#parts) file.wake()
  }

  /** Times count from the earliest first packet: every file has to have given one. */
  async #start(): Promise<boolean> {
    for (const part of this.#parts) if (!(await part.fill())) return false
    this.#started = true
    const begun = this.#parts.filter(({ ended }) => !ended)
    if (begun.length > 0) this.originSeconds = Math.min(...begun.map(({ file }) => file.originSeconds))
    for (const part of begun) part.shift = (part.file.originSeconds - this.originSeconds) * NANOS_PER_SECOND
    return true
  }

  /** Until the batch is full or nothing is left; false when a wait was woken before. */
  async #fill(batch: PacketBatch): Promise<boolean> {
    let used = 0
    for (const part of this.#parts) if (!(await part.fill())) return false
    while (batch.count < BATCH_PACKETS) {
      const part = this.#earliest()
      if (part === undefined) return true
      const { at, batch: from } = part
      const captured = from.captured[at]!
      if (used + captured > this.#bytes.length) {
        if (batch.count > 0) return true
        this.#bytes = new Uint8Array(captured)
        this.#view = new DataView(this.#bytes.buffer)
        batch.reset(this.#bytes, this.#view)
      }
      const start = from.start[at]!
      this.#bytes.set(from.bytes.subarray(start, start + captured), used)
      batch.push(used, captured, from.original[at]!, part.time, this.#interfaceOf(part, from.iface[at]!))
      if (batch.keepsComments) for (const comment of from.commentsOf(at) ?? []) batch.comment(comment)
      used += captured
      part.at++
      if (part.isEmpty && !(await part.fill())) return false
    }
    return true
  }

  #earliest(): Part | undefined {
    let found: Part | undefined
    for (const part of this.#parts)
      if (!part.ended && (found === undefined || part.time < found.time)) found = part
    return found
  }

  #interfaceOf(part: Part, own: number): number {
    for (let next = part.interfaces.length; next <= own; next++) {
      part.interfaces.push(this.interfaces.length)
      this.interfaces.push(part.file.interfaces[next]!)
    }
    return part.interfaces[own]!
  }
}
