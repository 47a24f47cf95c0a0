import { jsonLine } from './json-text.ts'
import type { TraceClock } from './time.ts'
import { count, formatBytes } from './units.ts'

/** The last line of `trace` and `read`: what was seen in all. Times count from the trace's origin. */
export interface Summary {
  readonly engine: string
  readonly packets: number
  /** Lengths on the wire, added up. */
  readonly bytes: number
  readonly flows: number
  /** Packets that are no part of any flow: not IP, another protocol, damaged headers, later fragments. */
  readonly skipped: number
  readonly received: number | undefined
  readonly droppedKernel: number | undefined
  readonly droppedInterface: number | undefined
  readonly truncated: boolean
  /** Times of the first and last packet; `undefined` when there was none. */
  readonly first: number | undefined
  readonly last: number | undefined
}

export function summaryJson(summary: Summary, clock: TraceClock): string {
  const { engine, packets, bytes, flows, skipped, droppedKernel, droppedInterface, truncated } = summary
  const time = (nanos: number | undefined): string | null =>
    nanos === undefined ? null : clock.rfc3339(nanos)
  return jsonLine({
    type: 'summary',
    engine,
    packets,
    bytes,
    flows,
    skipped,
    dropped_kernel: droppedKernel,
    dropped_interface: droppedInterface,
    truncated: truncated || undefined,
    first: time(summary.first),
    last: time(summary.last),
  })
}

/** As tcpdump ends: captured, received, dropped by the kernel, dropped by the interface; then what they made. */
export function summaryText(summary: Summary): string {
  const parts = [`${count(summary.packets, 'packet')} captured`]
  if (summary.received !== undefined) parts.push(`${summary.received} received by filter`)
  if (summary.droppedKernel !== undefined) parts.push(`${summary.droppedKernel} dropped by kernel`)
  if (summary.droppedInterface !== undefined) parts.push(`${summary.droppedInterface} dropped by interface`)
  parts.push(`${formatBytes(summary.bytes)} in ${count(summary.flows, 'flow')}`)
  if (summary.skipped > 0) parts.push(`${summary.skipped} not analysed`)
  return `${parts.join(', ')} (engine ${summary.engine})`
}
