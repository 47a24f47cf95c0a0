import type { AnalysisOptions } from './capture-options.ts'
import { PacketReport } from './packet-report.ts'
import type { View, ViewParts } from './view.ts'

/** What the options ask for beside events, flow records and bytes, in the order in which it is printed. */
export function openViews(options: AnalysisOptions, parts: ViewParts): View[] {
  const { json = false, timeFormat } = options
  const views: View[] = []
  if (options.packets)
    views.push(new PacketReport(parts, { json, timeFormat, absolute: options.absoluteSequence === true }))
  return views
}
