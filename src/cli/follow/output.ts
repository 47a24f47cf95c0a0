import type { Side } from '../../flow/event.ts'
import { endpointText } from '../../render/line.ts'
import { base64, type StreamNews, streamJson } from '../../render/stream-json.ts'
import { GAP_TEXT, StreamText, type StreamTextFormat } from '../../render/stream-text.ts'
import type { TraceClock } from '../../render/time.ts'
import { count } from '../../render/units.ts'
import type { GapReason, Stream } from '../../stream/stream.ts'
import type { Io } from '../io.ts'
import type { FedFlow, FlowStreams } from './feed.ts'

export type FollowFormat = 'raw' | 'json' | StreamTextFormat

/** `--follow`: what one flow's sides sent, to standard output as it comes in order. */
export class FollowOutput implements FlowStreams {
  /** Whether the flow was there. */
  found = false
  readonly #io: Io
  readonly #clock: TraceClock
  readonly #format: FollowFormat
  readonly #side: Side | undefined
  #flow: FedFlow | undefined
  #text: StreamText | undefined

  constructor(io: Io, clock: TraceClock, format: FollowFormat, side: Side | undefined) {
    this.#io = io
    this.#clock = clock
    this.#format = format
    this.#side = side
  }

  flow(flow: FedFlow): void {
    this.found = true
    this.#flow = flow
    const ends = { client: endpointText(flow.client), server: endpointText(flow.server) }
    if (typeof this.#format === 'object') this.#text = new StreamText(this.#clock, this.#format, ends)
  }

  data(stream: Stream, offset: number, bytes: Uint8Array, start: number, length: number, time: number): void {
    if (!this.#wants(stream)) return
    const part = bytes.subarray(start, start + length)
    if (this.#format === 'raw') this.#io.writeBytes(part)
    else if (this.#text) this.#io.write(this.#text.data(stream.fromClient, offset, part, time))
    else this.#json(stream, offset, length, time, { data: base64(part) })
  }

  gap(stream: Stream, offset: number, length: number, gap: GapReason, time: number): void {
    this.#remark(stream, offset, length, time, { gap }, GAP_TEXT[gap])
  }

  truncated(stream: Stream, offset: number, length: number, time: number): void {
    this.#remark(stream, offset, length, time, { truncated: true }, 'cut off when the packet was captured')
  }

  overlap(stream: Stream, offset: number, length: number, same: boolean, time: number): void {
    const text = same ? undefined : 'sent more than once, not the same each time'
    this.#remark(stream, offset, length, time, { overlap: same ? 'same' : 'different' }, text)
  }

  late(stream: Stream, offset: number, length: number, time: number): void {
    this.#remark(stream, offset, length, time, { late: true }, undefined)
  }

  stray(stream: Stream, offset: number, length: number, time: number): void {
    this.#remark(stream, offset, length, time, { stray: true }, 'left out, the numbers do not belong here')
  }

  ended(): void {
    if (this.#text) this.#io.write(this.#text.end())
    this.#text = undefined
    this.#flow = undefined
  }

  flush(): void {}

  close(): void {
    this.ended()
  }

  #wants(stream: Stream): boolean {
    return this.#side === undefined || (this.#side === 'client') === stream.fromClient
  }

  /** In raw output bytes stand alone: what is remarkable is a note, for the eyes only. */
  #remark(
    stream: Stream,
    offset: number,
    length: number,
    time: number,
    news: StreamNews,
    text: string | undefined,
  ): void {
    if (!this.#wants(stream)) return
    const { fromClient } = stream
    if (this.#format === 'json') this.#json(stream, offset, length, time, news)
    else if (text === undefined) return
    else if (this.#text) this.#io.write(this.#text.remark(fromClient, offset, length, text, time))
    else {
      const place = `${count(length, 'byte')} at byte ${offset}`
      this.#io.note(`${fromClient ? 'client' : 'server'}: ${place}: ${text}`)
    }
  }

  #json(stream: Stream, offset: number, length: number, time: number, news: StreamNews): void {
    const { client, server } = this.#flow!
    const { flow, fromClient } = stream
    this.#io.write(streamJson({ flow, fromClient, client, server }, offset, length, time, this.#clock, news))
  }
}
