import type { FailureCount, FailureCounts } from '../diagnose/failure-counts.ts'
import type { Column } from './columns.ts'
import { endpointText } from './line.ts'
import { sanitize } from './sanitize.ts'
import { renderTable, type TableOptions } from './table.ts'

const COLUMNS: readonly Column<FailureCount>[] = [
  { name: 'count', header: 'Count', align: 'right', text: ({ count }) => String(count) },
  {
    name: 'verdict',
    header: 'Verdict',
    text: ({ verdict }) => verdict,
    paint: (cell, _, style) => style.bad(cell),
  },
  {
    name: 'peer',
    header: 'Peer',
    text: ({ proto, ...end }) => `${endpointText(end)}${proto === 'udp' ? ' udp' : ''}`,
    cut: 'middle',
    min: 15,
  },
  {
    name: 'process',
    header: 'Process',
    text: ({ comm }) => (comm === undefined ? '-' : sanitize(comm)),
    cut: 'end',
    min: 8,
  },
]

/**
 * Failed connections by verdict, peer and process, the most frequent `rows`, and how many attempts were `superseded`;
 * nothing when there are none.
 */
export function failuresText(
  counts: FailureCounts,
  superseded: number,
  rows: number,
  table: Omit<TableOptions, 'header'>,
): string {
  const list = counts.list()
  const unsaid = superseded === 0 ? '' : `${supersededText(superseded)}\n`
  if (list.length === 0) return unsaid
  const text = renderTable(list.slice(0, rows), COLUMNS, { ...table, header: true })
  const left = list.slice(rows).reduce((sum, { count }) => sum + count, counts.others)
  return `${text}${left === 0 ? '' : `and ${left} more of other kinds\n`}${unsaid}`
}

function supersededText(count: number): string {
  const attempts = count === 1 ? '1 more attempt' : `${count} more attempts`
  return `${attempts} failed without a verdict: their program reached the port at another address`
}
