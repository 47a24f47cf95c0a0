import type { AnalysisOptions } from './capture-options.ts'
import { type FlowFormat, FlowFormatView } from './flow-format-view.ts'
import { type LadderOptions, ladderFlow } from './ladder-option.ts'
import { LadderView } from './ladder-view.ts'
import { PacketReport } from './packet-report.ts'
import { StatisticsView } from './statistics-view.ts'
import type { View, ViewParts } from './view.ts'

export interface ViewOptions extends LadderOptions {
  readonly stats?: true
  readonly format?: FlowFormat
}

/** What the options ask for beside events, flow records and bytes, in the order in which it is printed. */
export function openViews(options: AnalysisOptions, parts: ViewParts): View[] {
  const { json = false, timeFormat } = options
  const views: View[] = []
  if (options.packets)
    views.push(new PacketReport(parts, { json, timeFormat, absolute: options.absoluteSequence === true }))
  const flow = ladderFlow(options)
  if (options.ladder !== undefined)
    views.push(new LadderView(parts, { flow, as: options.as ?? 'text', timeFormat }))
  if (options.format) views.push(new FlowFormatView(parts, options.format))
  if (options.stats) views.push(new StatisticsView(parts, json))
  return views
}

/** Whether something is asked for that stands by itself: then events come only when asked for too. */
export function wantsViews({ stats, ladder, format }: ViewOptions): boolean {
  return stats !== undefined || ladder !== undefined || format !== undefined
}
