import Table from 'cli-table3'
import { type Column, fitCell, layoutColumns } from './columns.ts'
import type { Style } from './style.ts'

/** No borders: columns are told apart by their alignment. */
const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}

export interface TableOptions {
  readonly header: boolean
  readonly style: Style
  /** Cells of the terminal: nothing is wider, nothing wraps. */
  readonly width: number
}

/**
 * Records as a borderless table for a screen, a newline at its end. For what fits a screen only: the layout of
 * cli-table3 takes quadratic time (1 000 rows 0.4 s, 10 000 rows 12 s); `writeColumns` has no limit.
 */
export function renderTable<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  { header, style, width }: TableOptions,
): string {
  const cells = records.map((record) => columns.map((column) => column.text(record)))
  const { shown, widths, gap } = layoutColumns(cells, columns, header, width)
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': gap, head: [], border: [] },
    colAligns: shown.map((index) => columns[index]!.align ?? 'left'),
    // The gap after the last column is padding too.
    colWidths: shown.map((index) => widths[index]! + gap),
    head: header
      ? shown.map((index) => style.bold(fitCell(columns[index]!.header, columns[index]!, widths[index]!)))
      : [],
  })
  for (const [row, record] of records.entries())
    table.push(
      shown.map((index) => {
        const column = columns[index]!
        const cell = fitCell(cells[row]![index]!, column, widths[index]!)
        return column.paint?.(cell, record, style) ?? cell
      }),
    )
  const text = table.toString().replace(/ +$/gm, '')
  return text === '' ? '' : `${text}\n`
}
