import type { LiveModel } from './model/model.ts'
import { isGroup } from './model/order.ts'
import { nextRetransmission } from './model/row.ts'

/** The nearest countdown on the screen, ms. */
export function countdown({ table }: LiveModel, nowMs: number): number | undefined {
  let soonest: number | undefined
  for (const line of table.lines.slice(table.top, table.top + table.height)) {
    const next = isGroup(line) ? undefined : nextRetransmission(line)
    if (next !== undefined && next > nowMs) soonest = Math.min(soonest ?? next - nowMs, next - nowMs)
  }
  return soonest
}
