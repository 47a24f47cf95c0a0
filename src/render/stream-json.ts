import type { Endpoint, Side } from '../flow/event.ts'
import type { GapReason } from '../stream/stream.ts'
import { jsonLine } from './json-text.ts'
import type { TraceClock } from './time.ts'

/** What every object of type `stream` says; `src` sent the bytes, `time` is when they came. */
export interface StreamPart {
  readonly type: 'stream'
  readonly time: string
  readonly ts: number
  readonly flow: number
  readonly side: Side
  readonly src: Endpoint
  readonly dst: Endpoint
  /** Of the first byte, from the start of the stream; negative before the first packet of a midstream flow. */
  readonly offset: number
  readonly length: number
}

/** One kind of thing that is said about the bytes at `offset`. */
export type StreamNews =
  /** Base64. */
  | { readonly data: string }
  | { readonly gap: GapReason }
  | { readonly truncated: true }
  | { readonly overlap: 'same' | 'different' }
  | { readonly late: true }
  | { readonly stray: true }
  | { readonly file: StreamFile }

/** The whole stream in a file (`null` when no byte of it was captured), and what is left out of it. */
export interface StreamFile {
  readonly name: string | null
  readonly gaps: readonly StreamGap[]
}

export interface StreamGap {
  readonly offset: number
  readonly length: number
  readonly reason: GapReason | 'truncated'
}

type StreamObject = StreamPart & StreamNews

/** Where bytes stand: in which direction of which flow, and the ends of that. */
export interface StreamPlace {
  readonly flow: number
  readonly fromClient: boolean
  readonly client: Endpoint
  readonly server: Endpoint
}

/** One line of NDJSON. */
export function streamJson(
  { flow, fromClient, client, server }: StreamPlace,
  offset: number,
  length: number,
  time: number,
  clock: TraceClock,
  news: StreamNews,
): string {
  const object: StreamObject = {
    type: 'stream',
    time: clock.rfc3339(time),
    ts: clock.epoch(time),
    flow,
    side: fromClient ? 'client' : 'server',
    src: fromClient ? client : server,
    dst: fromClient ? server : client,
    offset,
    length,
    ...news,
  }
  return jsonLine(object)
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
