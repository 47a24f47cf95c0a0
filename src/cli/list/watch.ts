import { setTimeout as sleep } from 'node:timers/promises'
import { jsonLine } from '../../render/json-text.ts'
import type { Stamp } from '../../render/time.ts'
import { compareListings, type Frame } from '../../sockets/changes.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import type { Io } from '../io.ts'

const INTERVAL_MS = 2000

/** Milliseconds between two frames, by the value of `--watch`. */
export function intervalOf(given: number | true): number {
  return given === true ? INTERVAL_MS : given
}

export interface WatchOptions {
  readonly intervalMs: number
  /** Frames, then it ends; endless without. */
  readonly count: number | undefined
  readonly json: boolean
}

/** The head, the columns' names, the cursor. */
const SCREEN_MARGIN = 4
const HOME_AND_CLEAR = '\u001b[H\u001b[J'

/**
 * Listings one after another until SIGINT or SIGTERM: in place on a terminal, in a pipe each after a line that says
 * what changed.
 */
export async function watch(
  options: WatchOptions,
  io: Io,
  take: () => readonly SocketRecord[],
  show: (records: readonly SocketRecord[]) => Promise<void>,
  stamp: () => Stamp,
): Promise<void> {
  let before: readonly SocketRecord[] | undefined
  await repeat(options, async (number) => {
    const now = take()
    const frame = compareListings(before, now)
    before = now
    io.write(frameHead(frame, number, now.length, options.json, io.isTerminal, stamp()))
    await show(io.isTerminal ? frame.records.slice(0, io.rows - SCREEN_MARGIN) : frame.records)
    io.flush()
  })
}

/** Does `frame` again and again, its number from 0, until `count` are done or SIGINT or SIGTERM comes. */
export async function repeat(
  { intervalMs, count }: Pick<WatchOptions, 'intervalMs' | 'count'>,
  frame: (number: number) => Promise<void> | void,
): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  for (let number = 0; !stop.signal.aborted && number !== count; number++) {
    if (number > 0 && !(await pause(intervalMs, stop.signal))) break
    await frame(number)
  }
  process.off('SIGINT', end).off('SIGTERM', end)
}

/** False when it was interrupted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false)
}

function frameHead(
  { opened, closed, changed }: Frame,
  frame: number,
  sockets: number,
  json: boolean,
  isTerminal: boolean,
  stamp: Stamp,
): string {
  if (json) return jsonLine({ type: 'frame', ...stamp, frame, sockets, opened, closed, changed })
  const counts = `${sockets} sockets, ${opened} opened, ${closed} closed, ${changed} changed`
  return textHead(counts, frame, isTerminal, stamp)
}

/** The line above a frame of text: on a terminal in the place of the one before. */
export function textHead(text: string, frame: number, isTerminal: boolean, { time }: Stamp): string {
  const clock = time.slice(11, 19)
  if (isTerminal) return `${HOME_AND_CLEAR}${clock} UTC  ${text}; Ctrl-C ends\n`
  return `${frame === 0 ? '' : '\n'}# ${clock} UTC  ${text}\n`
}
