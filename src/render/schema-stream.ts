import type { GapReason } from '../stream/stream.ts'
import {
  constant,
  count,
  listOf,
  number,
  objectOf,
  orNull,
  refTo,
  type Schema,
  text,
  time,
  wordOf,
} from './json-schema.ts'

import type { StreamFile, StreamGap, StreamNews, StreamPart } from './stream-json.ts'

type KeysOf<Union> = Union extends unknown ? keyof Union : never

const REASONS = { acked: true, fin: true, limit: true, evicted: true, end: true } as const
const integer: Schema = { type: 'integer' }

const part: Readonly<Record<keyof StreamPart, Schema>> = {
  type: constant('stream'),
  time,
  ts: number,
  flow: count,
  side: refTo('side'),
  src: refTo('endpoint'),
  dst: refTo('endpoint'),
  offset: integer,
  length: count,
}

const news: Readonly<Record<KeysOf<StreamNews>, Schema>> = {
  data: { type: 'string', contentEncoding: 'base64' },
  gap: wordOf<GapReason>(REASONS),
  truncated: constant(true),
  overlap: wordOf<'same' | 'different'>({ same: true, different: true }),
  late: constant(true),
  stray: constant(true),
  file: objectOf<StreamFile>(
    {
      name: orNull(text),
      gaps: listOf(
        objectOf<StreamGap>(
          {
            offset: count,
            length: count,
            reason: wordOf<StreamGap['reason']>({ ...REASONS, truncated: true }),
          },
          {},
        ),
      ),
    },
    {},
  ),
}

/** Printed by `--follow` and `--extract`: what is said of some bytes, one thing at a time. */
export const stream: Schema = {
  type: 'object',
  properties: { ...part, ...news },
  required: Object.keys(part),
  // All that is required and exactly one piece of news.
  minProperties: Object.keys(part).length + 1,
  maxProperties: Object.keys(part).length + 1,
  additionalProperties: false,
}
