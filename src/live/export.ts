import { closeSync, openSync, writeFileSync } from 'node:fs'
import { asInvoker } from '../host/process/invoker.ts'
import { asciiText } from '../render/ascii-line.ts'
import { JsonLines } from '../render/json.ts'
import { socketJson } from '../render/socket-json.ts'
import { NUMERIC } from '../render/socket-text.ts'
import type { TraceClock } from '../render/time.ts'
import { verdictJson } from '../render/verdict.ts'
import type { Row } from './model/row.ts'

/** What is known of a connection, as NDJSON: its socket, the events that were kept, its flow record, the verdict. */
export function exportText(row: Row, clock: TraceClock, nowNanos: number): string {
  const { record, card } = row
  const json = new JsonLines(clock)
  const lines = [socketJson(record, clock.stamp(nowNanos), NUMERIC)]
  for (const event of card?.events ?? []) lines.push(asciiText(json.event(event)))
  if (card?.record !== undefined) lines.push(asciiText(json.flow(card.record)))
  if (row.verdict !== undefined) lines.push(verdictJson(row.verdict, clock))
  return lines.join('')
}

/** A capture file with what is held of a flow's packets. */
export interface HeldPackets {
  readonly bytes: Uint8Array
  readonly packets: number
  /** Nothing of the flow is older than what is held. */
  readonly whole: boolean
}

/** Of one connection at one time. */
const MOST_FILES = 999

/** Writes a new file in the current folder, of the invoking user; returns its name. */
export function exportFile(
  row: Row,
  ending: string,
  content: string | Uint8Array,
  clock: TraceClock,
  nowNanos: number,
): string {
  const { local, remote } = row.record
  const time = clock.rfc3339(nowNanos).slice(0, 19).replaceAll(':', '')
  const stem = `socktrace-${local.port ?? 0}-${remote.port ?? 0}-${time}`
  const [fd, name] = createNew((n) => `${stem}${n === 1 ? '' : `-${n}`}.${ending}`)
  try {
    writeFileSync(fd, content)
  } finally {
    closeSync(fd)
  }
  return name
}

/** Opens the first of the names that is still free: the time of a capture that stands still does not change. */
function createNew(nameOf: (n: number) => string): [fd: number, name: string] {
  for (let n = 1; ; n++) {
    const name = nameOf(n)
    try {
      // Only a new file: root must not be led to write through a link that somebody left there.
      return [asInvoker(() => openSync(name, 'wx', 0o644)), name]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || n === MOST_FILES) throw error
    }
  }
}
