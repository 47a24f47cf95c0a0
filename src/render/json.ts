import type { FlowEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import type { TraceClock } from './time.ts'

/**
 * Records as the lines of the JSON contract (`socktrace schema`): `type` first, then the moment, then the rest in
 * the order of the record. Each function returns one line with its newline.
 */
export function eventJson(event: FlowEvent, clock: TraceClock): string {
  const { type, event: name, at, ...rest } = event
  return `${JSON.stringify({ type, event: name, time: clock.rfc3339(at), ts: clock.epoch(at), ...rest })}\n`
}

export function flowJson(flow: FlowRecord, clock: TraceClock): string {
  const { type, id, proto, community_id, netns, client, server, start, end, ...rest } = flow
  const times = { start: clock.rfc3339(start), end: clock.rfc3339(end) }
  return `${JSON.stringify({ type, id, proto, community_id, netns, client, server, ...times, ...rest })}\n`
}
