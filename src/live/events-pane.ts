import { endpointText, eventLabel, processText } from '../render/line.ts'
import { sanitize } from '../render/sanitize.ts'
import { type Style, stateStyle } from '../render/style.ts'
import type { TimeFormat, TraceClock } from '../render/time.ts'
import type { Area } from './layout.ts'
import type { LogEntry } from './model/event-log.ts'
import type { LiveModel } from './model/model.ts'
import { fit, lineOf, type Paint, type Span } from './spans.ts'

const NANOS_PER_MS = 1e6
/** Digits behind the second. */
const MICROSECONDS = 6
const MILLISECONDS = 3
/** From these widths on there is room for the process, then for its whole name and the flags. */
const NAMED = 100
const WIDE = 150
/** Cells of `retransmission`, of two endpoints, of flags and names. */
const LABEL = 14
const ENDS = 33
const MAX_ENDS = 45
const FLAGS = 6
const PROCESS = 14
const WIDE_PROCESS = 22

/** Title and entries of the events pane. */
export function eventLines(
  model: LiveModel,
  area: Area,
  width: number,
  style: Style,
  time: (ms: number) => string,
): string[] {
  const { log } = model
  log.height = area.height - 1
  const { entries, cursor } = log.visible(model.shows)
  const focused = model.focus === 'events'
  const state = log.following ? 'following' : `${log.unseen} below, End follows`
  const lines = [
    lineOf(
      [
        [focused ? '▸ events' : '  events', style.bold],
        [` ${log.total}`, style.dim],
        [`  ${state}`, log.following ? style.dim : style.warn],
      ],
      width,
    ),
  ]
  for (const [index, entry] of entries.entries())
    lines.push(lineOf(entrySpans(entry, width, style, time), width, focused && index === cursor))
  while (lines.length < area.height) lines.push(' '.repeat(width))
  return lines
}

/** The clock of the events pane: as the text output has it, with less of a second where it is narrow. */
export function entryTime(clock: TraceClock, format: TimeFormat, width: number): (ms: number) => string {
  // Seconds between two lines make no sense where lines come and go.
  const shown = format === 'delta' ? 'local' : format
  const fraction = width >= WIDE ? MICROSECONDS : width >= NAMED ? MILLISECONDS : 0
  return (ms) => {
    const [seconds = '', micros = ''] = clock.text(ms * NANOS_PER_MS, shown).split('.')
    return fraction === 0 ? seconds : `${seconds}.${micros.slice(0, fraction)}`
  }
}

function entrySpans(entry: LogEntry, width: number, style: Style, time: (ms: number) => string): Span[] {
  const head: Span = [`${time(entry.ms)} `, style.dim]
  if ('note' in entry) return [head, [sanitize(entry.note), style.warn]]
  if ('verdict' in entry) {
    const { verdict, client, server, summary } = entry.verdict
    return [
      head,
      [`✗ ${verdict} `, style.bad],
      [`${endpointText(client)} → ${endpointText(server)} `],
      [sanitize(summary)],
    ]
  }
  const { event } = entry
  const spans: Span[] = [head]
  if (width >= NAMED) {
    const cells = width >= WIDE ? WIDE_PROCESS : PROCESS
    spans.push([fit(event.process ? processText(event.process) : '-', cells), style.name], [' '])
  }
  const ends = `${endpointText(event.src)} → ${endpointText(event.dst)}`
  spans.push([fit(ends, Math.max(ENDS, Math.min(MAX_ENDS, ends.length)))], [' '])
  if (width >= WIDE) spans.push([fit('flags' in event ? `[${event.flags}]` : '[!]', FLAGS)])
  spans.push([fit(eventLabel(event), LABEL), labelPaint(event.event, style)], [' '], [sanitize(event.text)])
  if ('transition' in event && event.transition !== undefined) {
    const { from, to } = event.transition
    spans.push([`  ${from}→`, style.dim], [to, stateStyle(style, to)])
  }
  return spans
}

export function labelPaint(event: string, style: Style): Paint {
  switch (event) {
    case 'handshake':
      return style.good
    case 'close':
      return style.info
    case 'reset':
    case 'icmp_error':
      return style.bad
    default:
      return style.warn
  }
}
