import type { AnalysisOptions } from '../capture-options.ts'
import type { FlowFormat } from './flow-format-view.ts'
import { type LadderOptions, ladderFlow } from './ladder-option.ts'
import type { View, ViewParts } from './view.ts'

export interface ViewOptions extends LadderOptions {
  readonly stats?: true
  readonly format?: FlowFormat
}

/** Opens one view for a run. */
export type OpenView = (parts: ViewParts) => View

/**
 * What the options ask for beside events, flow records and bytes, in the order in which it is printed. Only that is
 * loaded: tables and drawings would cost every other run its start.
 */
export async function loadViews(options: AnalysisOptions): Promise<readonly OpenView[]> {
  const { packets, ladder, as = 'text', format, stats, json = false, timeFormat } = options
  const flow = ladderFlow(options)
  const views: OpenView[] = []
  if (packets) {
    const { PacketReport } = await import('./packet-report.ts')
    const absolute = options.absoluteSequence === true
    views.push((parts) => new PacketReport(parts, { json, timeFormat, absolute }))
  }
  if (ladder !== undefined) {
    const { LadderView } = await import('./ladder-view.ts')
    views.push((parts) => new LadderView(parts, { flow, as, timeFormat }))
  }
  if (format !== undefined) {
    const { FlowFormatView } = await import('./flow-format-view.ts')
    views.push((parts) => new FlowFormatView(parts, format))
  }
  if (options.failures && !json) {
    const { FailuresView } = await import('./failures-view.ts')
    views.push((parts) => new FailuresView(parts))
  }
  if (stats) {
    const { StatisticsView } = await import('./statistics-view.ts')
    views.push((parts) => new StatisticsView(parts, json))
  }
  return views
}

/** Whether something is asked for that stands by itself: then events come only when asked for too. */
export function wantsViews({ stats, ladder, format }: ViewOptions): boolean {
  return stats !== undefined || ladder !== undefined || format !== undefined
}
