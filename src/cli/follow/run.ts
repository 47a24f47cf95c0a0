import type { FlowRecord } from '../../flow/record.ts'
import type { FlowTracker } from '../../flow/tracker.ts'
import type { Style } from '../../render/style.ts'
import type { TimeFormat, TraceClock } from '../../render/time.ts'
import { count } from '../../render/units.ts'
import { UserError } from '../../user-error.ts'
import type { PacketSink } from '../analysis/pump.ts'
import type { Io } from '../io.ts'
import { Extract } from './extract.ts'
import { type FlowStreams, StreamFeed } from './feed.ts'
import { checkFollowOptions, type FollowOptions, wantsStreams } from './option.ts'
import { type FollowFormat, FollowOutput } from './output.ts'

/** What reassembly needs of a run. */
export interface StreamParts {
  readonly io: Io
  readonly clock: TraceClock
  readonly tracker: FlowTracker
  readonly json: boolean
  readonly live: boolean
  readonly style: Style
  readonly timeFormat: TimeFormat
}

/** Everything that takes reassembled bytes in one run. */
export interface Streams {
  readonly sinks: readonly PacketSink[]
  /** A flow's record was made; `wanted` unless the choice of processes leaves it out. */
  ended(record: FlowRecord, wanted: boolean): void
  flush(): void
  close(): void
  /** Call it when all else was said: a flow that is not in the file is a `UserError`, one that did not come a note. */
  check(): void
}

/** `undefined` unless `--follow` or `--extract` asks for bytes: without them nothing is reassembled. */
export function openStreams(options: FollowOptions, parts: StreamParts): Streams | undefined {
  checkFollowOptions(options, parts.io.isTerminal)
  const { follow, extract, overlap: policy = 'first' } = options
  if (!wantsStreams(options)) return undefined
  const { io, clock, tracker, json, live } = parts
  const feeds: StreamFeed[] = []
  const all: FlowStreams[] = []
  let followed: FollowOutput | undefined
  if (follow !== undefined) {
    followed = new FollowOutput(io, clock, formatOf(options, parts), follow.side)
    all.push(followed)
    feeds.push(new StreamFeed(tracker, followed, { policy, only: follow.flow }))
  }
  if (extract !== undefined) {
    const files = new Extract(extract, io, clock, json)
    all.push(files)
    feeds.push(new StreamFeed(tracker, files, { policy }))
  }
  return {
    sinks: feeds,
    ended(record, wanted) {
      for (const feed of feeds) feed.ended(record, wanted)
    },
    flush() {
      for (const streams of all) streams.flush()
    },
    close() {
      for (const streams of all) streams.close()
    },
    check() {
      if (follow === undefined || followed?.found) return
      const message = `No TCP connection has the id ${follow.flow}`
      if (live) return io.note(message)
      throw new UserError(message, {
        hint: `${count(tracker.flowCount, 'flow')} came, ids count from 0; \`--flows\` lists them`,
      })
    },
  }
}

function formatOf({ hex, raw }: FollowOptions, { json, style, timeFormat }: StreamParts): FollowFormat {
  if (json) return 'json'
  if (raw) return 'raw'
  return { as: hex ? 'hex' : 'ascii', style, timeFormat }
}
