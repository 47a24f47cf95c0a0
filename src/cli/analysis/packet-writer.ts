import type { PacketBatch } from '../../capture/batch.ts'
import { PcapngWriter } from '../../capture/pcapng-write.ts'
import type { PacketSource } from '../../capture/source.ts'
import { OutputFile } from '../../host/output-file.ts'
import { UserError } from '../../user-error.ts'
import type { Frame } from '../../wire/frame.ts'
import type { PacketStack } from '../../wire/stack.ts'
import type { AnalysisOptions } from '../capture-options.ts'
import { wantsStreams } from '../follow/option.ts'
import { VERSION } from '../version.ts'
import type { PacketSink } from './pump.ts'
import { wantsViews } from './views.ts'

/** Bytes gathered before they are written, when packets come fast. */
const CHUNK_BYTES = 256 * 1024

/** Packets on standard output (`-w -`) bear nothing beside them, and no terminal. */
export function checkWriteOptions(options: AnalysisOptions, stdoutIsTerminal: boolean): void {
  if (options.write !== '-') return
  if (stdoutIsTerminal)
    throw new UserError('Packets could take over the terminal', {
      hint: 'send them to a file or another program',
    })
  const { json, events, flows, packets, summary } = options
  const prints = json || events || flows || packets || summary || wantsViews(options) || wantsStreams(options)
  if (prints)
    throw new UserError('Packets and text cannot both go to standard output', {
      hint: 'name a file for --write, or leave the other options out',
    })
}

/** What is said of a packet in a comment, behind those that it had: its sender's process. `row` is its flow's. */
export type PacketComments = (row: number, stack: PacketStack) => readonly string[] | undefined

/** `-w`: every packet that was analysed, to a pcapng file that other tools read. */
export class PacketWriter implements PacketSink {
  readonly #file: OutputFile
  readonly #source: PacketSource
  readonly #comments: PacketComments
  readonly #writer = new PcapngWriter(`socktrace ${VERSION}`)
  #interfaces = 0
  #last = 0

  /** Creates the file: throws `UserError` where that is not possible. */
  constructor(path: string, source: PacketSource, comments: PacketComments) {
    this.#file = new OutputFile(path)
    this.#source = source
    this.#comments = comments
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    this.#describeInterfaces()
    this.#last = batch.time[index]!
    const comments = [...(batch.commentsOf(index) ?? []), ...(this.#comments(row, stack) ?? [])]
    this.#writer.packet({
      iface: batch.iface[index]!,
      time: this.#last,
      bytes: batch.bytes,
      start: batch.start[index]!,
      captured: batch.captured[index]!,
      original: batch.original[index]!,
      comments,
    })
    if (this.#writer.pending >= CHUNK_BYTES) this.flush()
  }

  /** Writes what is gathered: on an idle moment, so that the file can be read while it grows. */
  flush(): void {
    if (this.#writer.pending > 0) this.#file.write(this.#writer.take())
  }

  /** Ends the file with the counters of the capture. */
  close(): void {
    this.#describeInterfaces()
    const { received, droppedKernel, droppedInterface } = this.#source.counters()
    // The engine counts over all interfaces: the numbers stand with the first.
    if (this.#source.engine !== 'file' && this.#interfaces > 0)
      this.#writer.statistics({ iface: 0, time: this.#last, received, droppedKernel, droppedInterface })
    this.flush()
    this.#file.close()
  }

  #describeInterfaces(): void {
    const { interfaces, originSeconds } = this.#source
    this.#writer.originSeconds = originSeconds
    while (this.#interfaces < interfaces.length) {
      const { name, linkType, snaplen } = interfaces[this.#interfaces]!
      this.#writer.interface(name, linkType, snaplen)
      this.#interfaces += 1
    }
  }
}
