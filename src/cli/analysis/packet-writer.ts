import type { PacketBatch } from '../../capture/batch.ts'
import { type PacketToWrite, PcapngWriter } from '../../capture/pcapng-write.ts'
import type { PacketSource } from '../../capture/source.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import { NO_FLOW } from '../../flow/flow-id.ts'
import { OutputFile } from '../../host/output-file.ts'
import { sanitize } from '../../render/sanitize.ts'
import { UserError } from '../../user-error.ts'
import type { Frame } from '../../wire/frame.ts'
import type { PacketStack } from '../../wire/stack.ts'
import type { AnalysisOptions } from '../capture-options.ts'
import { wantsStreams } from '../follow/option.ts'
import { VERSION } from '../version.ts'
import { HeldPackets } from './held-packets.ts'
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

/** Verdicts that wait for another packet of their flow. */
const MAX_LATE = 4096

/** What is known of packets beside their bytes. `row` is that of a packet's flow. */
export interface PacketKnowledge {
  /** What is said of it in a comment, behind those that it had: its sender's process. */
  comments(row: number, stack: PacketStack): readonly string[] | undefined
  /** Serial of the flow in a row. */
  idOf(row: number): number
  /** A verdict on the flow in this row is about to come. */
  isPending(row: number): boolean
}

/**
 * `-w`: every packet that was analysed, to a pcapng file that other tools read. The verdict on a flow is a comment on
 * the latest packet of it that it rests on: packets wait for one that is about to come. One that comes long after, a
 * window that stays closed, stands with the flow's next packet.
 */
export class PacketWriter implements PacketSink {
  readonly #file: OutputFile
  readonly #source: PacketSource
  readonly #known: PacketKnowledge
  readonly #held: HeldPackets
  /** By flow: comments for which its packets were written already. */
  readonly #late = new Map<number, string>()
  readonly #writer = new PcapngWriter(`socktrace ${VERSION}`)
  readonly #give = (packet: PacketToWrite): void => this.#writer.packet(packet)
  #interfaces = 0
  #last = 0

  /** Creates the file: throws `UserError` where that is not possible. */
  constructor(path: string, source: PacketSource, known: PacketKnowledge) {
    this.#file = new OutputFile(path)
    this.#source = source
    this.#known = known
    this.#held = new HeldPackets(
      (row, flow) => row !== NO_FLOW && known.idOf(row) === flow && known.isPending(row),
    )
  }

  packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack, row: number): void {
    this.#describeInterfaces()
    this.#last = batch.time[index]!
    const flow = row === NO_FLOW ? NO_FLOW : this.#known.idOf(row)
    const comments = [
      ...(batch.commentsOf(index) ?? []),
      ...(this.#known.comments(row, stack) ?? []),
      ...this.#lateComments(flow),
    ]
    const packet = {
      iface: batch.iface[index]!,
      time: this.#last,
      bytes: batch.bytes,
      start: batch.start[index]!,
      captured: batch.captured[index]!,
      original: batch.original[index]!,
      comments,
    }
    this.#release(false)
    if (!this.#held.take(packet, row, flow)) this.#writer.packet(packet)
    if (this.#writer.pending >= CHUNK_BYTES) this.#write()
  }

  /** What is wrong with a flow. */
  verdict({ flow, verdict, confidence, final, summary }: Verdict): void {
    if (flow === undefined) return
    const text = sanitize(`${verdict} (${confidence}${final ? '' : ', so far'}): ${summary}`)
    if (this.#held.comment(flow, text)) return
    this.#late.delete(flow)
    this.#late.set(flow, text)
    if (this.#late.size > MAX_LATE) this.#late.delete(this.#late.keys().next().value!)
  }

  /** Writes what is gathered: on an idle moment, so that the file can be read while it grows. */
  flush(): void {
    this.#release(false)
    this.#write()
  }

  #lateComments(flow: number): readonly string[] {
    if (this.#late.size === 0) return []
    const text = this.#late.get(flow)
    this.#late.delete(flow)
    return text === undefined ? [] : [text]
  }

  #release(all: boolean): void {
    this.#held.release(this.#give, all)
  }

  #write(): void {
    if (this.#writer.pending > 0) this.#file.write(this.#writer.take())
  }

  /** Ends the file with the counters of the capture. */
  close(): void {
    this.#describeInterfaces()
    this.#release(true)
    const { received, droppedKernel, droppedInterface } = this.#source.counters()
    // The engine counts over all interfaces: the numbers stand with the first.
    if (this.#source.engine !== 'file' && this.#interfaces > 0)
      this.#writer.statistics({ iface: 0, time: this.#last, received, droppedKernel, droppedInterface })
    this.#write()
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
