import type { PacketSource } from '../../capture/source.ts'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowEvent } from '../../flow/event.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { serviceName } from '../../host/names.ts'
import { JsonLines } from '../../render/json.ts'
import { type LineFormat, LineWriter } from '../../render/line.ts'
import { createStyle, type Style, wantsColor } from '../../render/style.ts'
import { type Summary, summaryJson, summaryText } from '../../render/summary.ts'
import type { TraceClock } from '../../render/time.ts'
import { verdictJson, verdictText } from '../../render/verdict.ts'
import type { AnalysisOptions } from '../capture-options.ts'
import { type FollowOptions, wantsStreams } from '../follow/option.ts'
import type { Io } from '../io.ts'
import { type ViewOptions, wantsViews } from './views.ts'

/** What a run prints. */
export interface Selection {
  readonly events: boolean
  readonly flows: boolean
  readonly verdicts: boolean
  /** In text: on stdout instead of a note on stderr. */
  readonly summary: boolean
}

/** The options that choose what is printed; without any of them: events and verdicts, and in JSON the flows too. */
export interface SelectionOptions {
  readonly events?: true
  readonly flows?: true
  readonly failures?: true
  readonly packets?: true
  readonly summary?: true
}

export function selectionOf(
  options: SelectionOptions & FollowOptions & ViewOptions & { readonly write?: string },
  json: boolean,
): Selection {
  const { events = false, flows = false, failures = false, packets = false, summary = false } = options
  if (events || flows || failures || packets || summary) return { events, flows, verdicts: failures, summary }
  // Reassembled bytes, views and packets on stdout stand by themselves: events come only when asked for.
  const alone = wantsStreams(options) || wantsViews(options) || options.write === '-'
  return { events: !alone, flows: json && !alone, verdicts: !alone, summary: false }
}

/** Records to standard output, as text or NDJSON. */
export interface Report {
  event(event: FlowEvent): void
  flow(flow: FlowRecord): void
  verdict(verdict: Verdict): void
  summary(summary: Summary): void
}

export interface ReportParts {
  readonly source: PacketSource
  readonly options: AnalysisOptions
  readonly io: Io
}

/** What the options choose. */
export function openReport(
  { source, options, io }: ReportParts,
  clock: TraceClock,
  selection: Selection,
): Report {
  if (options.json) return jsonReport(io, clock)
  const style = styleOf({ io, options })
  const portName = (port: number, proto: string): string | undefined =>
    options.resolve ? serviceName(port, proto === 'udp' ? 'udp' : 'tcp') : undefined
  return textReport(
    io,
    clock,
    {
      style,
      timeFormat: options.timeFormat,
      live: source.engine !== 'file',
      portName,
      ...(io.isTerminal && { columns: io.columns }),
    },
    selection,
  )
}

export function styleOf({ options, io }: Pick<ReportParts, 'options' | 'io'>): Style {
  return createStyle(wantsColor({ choice: options.color, isTerminal: io.isTerminal, environment: io.env }))
}

function jsonReport(io: Io, clock: TraceClock): Report {
  const lines = new JsonLines(clock)
  return {
    event: (event) => io.writeBytes(lines.event(event)),
    flow: (flow) => io.writeBytes(lines.flow(flow)),
    verdict: (verdict) => io.write(verdictJson(verdict, clock)),
    summary: (summary) => io.write(summaryJson(summary, clock)),
  }
}

function textReport(io: Io, clock: TraceClock, format: LineFormat, selection: Selection): Report {
  const lines = new LineWriter(clock, format)
  return {
    event: (event) => io.write(lines.event(event)),
    flow: (flow) => io.write(lines.flow(flow)),
    verdict: (verdict) => io.write(verdictText(verdict, format)),
    summary: (summary) =>
      selection.summary ? io.write(`${summaryText(summary)}\n`) : io.note(summaryText(summary)),
  }
}
