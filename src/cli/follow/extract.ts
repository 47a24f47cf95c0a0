import type { FlowRecord } from '../../flow/record.ts'
import { OutputFolder } from '../../host/output-folder.ts'
import { type StreamGap, streamJson } from '../../render/stream-json.ts'
import { streamFileName } from '../../render/stream-name.ts'
import { GAP_TEXT } from '../../render/stream-text.ts'
import type { TraceClock } from '../../render/time.ts'
import { count } from '../../render/units.ts'
import type { GapReason, Stream } from '../../stream/stream.ts'
import type { Io } from '../io.ts'
import type { FedFlow, FlowStreams } from './feed.ts'

/** Gaps listed by place for one file; more are only added up. */
const MAX_LISTED = 1000

/** What one side of a flow sent, in its file. */
class Extracted {
  readonly flow: FedFlow
  readonly fromClient: boolean
  readonly name: string
  length = 0
  readonly gaps: StreamGap[] = []
  gapCount = 0
  missing = 0

  constructor(flow: FedFlow, fromClient: boolean, name: string) {
    this.flow = flow
    this.fromClient = fromClient
    this.name = name
  }

  leaveOut(offset: number, length: number, reason: GapReason | 'truncated'): void {
    this.gapCount++
    this.missing += length
    if (this.gaps.length < MAX_LISTED) this.gaps.push({ offset, length, reason })
  }
}

/**
 * `--extract`: what each side of each flow sent, each in a file. A file has the bytes that were captured, in order,
 * and never one that was not sent: what is missing is left out and told, with its place, when the flow ends.
 */
export class Extract implements FlowStreams {
  readonly #folder: OutputFolder
  readonly #io: Io
  readonly #clock: TraceClock
  readonly #json: boolean
  /** By flow: its client's and its server's. */
  readonly #files = new Map<number, readonly [Extracted, Extracted]>()
  #written = 0

  /** Makes the folder: throws `UserError` where that is not possible. */
  constructor(folder: string, io: Io, clock: TraceClock, json: boolean) {
    this.#folder = new OutputFolder(folder)
    this.#io = io
    this.#clock = clock
    this.#json = json
  }

  flow(flow: FedFlow): void {
    const file = (fromClient: boolean): Extracted =>
      new Extracted(flow, fromClient, streamFileName(flow, fromClient, this.#clock))
    this.#files.set(flow.id, [file(true), file(false)])
  }

  data(stream: Stream, _offset: number, bytes: Uint8Array, start: number, length: number): void {
    const file = this.#fileOf(stream)
    file.length += length
    this.#folder.write(file.name, bytes.subarray(start, start + length))
  }

  gap(stream: Stream, offset: number, length: number, reason: GapReason): void {
    this.#fileOf(stream).leaveOut(offset, length, reason)
  }

  truncated(stream: Stream, offset: number, length: number): void {
    this.#fileOf(stream).leaveOut(offset, length, 'truncated')
  }

  overlap(): void {}

  late(): void {}

  stray(): void {}

  ended({ id, end }: FlowRecord, wanted: boolean): void {
    for (const file of this.#files.get(id) ?? []) {
      if (file.length > 0 && wanted) this.#written++
      if (file.length > 0) this.#folder.finish(file.name, wanted)
      if (wanted && (file.length > 0 || file.gapCount > 0)) this.#tell(file, end)
    }
    this.#files.delete(id)
  }

  flush(): void {
    this.#folder.flush()
  }

  close(): void {
    this.#folder.close()
    this.#io.note(`${count(this.#written, 'stream')} extracted`)
  }

  #fileOf(stream: Stream): Extracted {
    return this.#files.get(stream.flow)![stream.fromClient ? 0 : 1]
  }

  #tell({ flow, fromClient, name, length, gaps, gapCount, missing }: Extracted, time: number): void {
    if (this.#json) {
      const place = { flow: flow.id, fromClient, client: flow.client, server: flow.server }
      const news = { file: { name: length > 0 ? name : null, gaps } }
      this.#io.write(streamJson(place, 0, length, time, this.#clock, news))
      return
    }
    if (gapCount === 0) return
    const { offset, length: size, reason } = gaps[0]!
    const why = reason === 'truncated' ? 'cut off when the packet was captured' : GAP_TEXT[reason]
    const first = `${size} at byte ${offset} (${why})`
    const others = gapCount === 1 ? '' : `, and at ${count(gapCount - 1, 'more place')}`
    this.#io.note(`${name}: ${count(missing, 'byte')} left out: ${first}${others}`)
  }
}
