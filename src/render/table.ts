import Table from 'cli-table3'
import { type Column, fitCell, fitWidths, naturalWidths } from './columns.ts'
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
  const layout = fitWidths(naturalWidths(cells, columns, header), columns, width)
  const fitted = columns.map(
    (column, index) => (text: string) => fitCell(text, column, layout.widths[index]!),
  )
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': layout.gap, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? 'left'),
    // The gap after the last column is padding too.
    colWidths: layout.widths.map((cell) => cell + layout.gap),
    head: header ? columns.map((column, index) => style.bold(fitted[index]!(column.header))) : [],
  })
  for (const [row, record] of records.entries())
    table.push(
      columns.map((column, index) => {
        const cell = fitted[index]!(cells[row]![index]!)
        return column.paint?.(cell, record, style) ?? cell
      }),
    )
  const text = table.toString().replace(/ +$/gm, '')
  return text === '' ? '' : `${text}\n`
}
