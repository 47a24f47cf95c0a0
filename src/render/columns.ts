import { cellWidth, cutEnd, cutMiddle } from './cell-width.ts'
import type { Style } from './style.ts'

/** One column of a listing. A new column is one more of these in its list. */
export interface Column<T> {
  /** Name in `--columns`, `--sort` and the CSV header. */
  readonly name: string
  /** Header of the text output. */
  readonly header: string
  readonly align?: 'right'
  /** The uncoloured cell, safe for a terminal. */
  readonly text: (record: T) => string
  /** Colours a cell that has been cut and padded. */
  readonly paint?: (cell: string, record: T, style: Style) => string
  /** What to sort by; the text when absent. */
  readonly key?: (record: T) => number | string
  /** Where a cell that is too long is cut; without it the column is never narrowed. */
  readonly cut?: 'end' | 'middle'
  /** A column that may be cut keeps this many cells. */
  readonly min?: number
}

export interface ColumnsOptions {
  readonly header: boolean
  readonly style: Style
  /** Cut cells so that no line is longer; without it nothing is cut. */
  readonly width?: number | undefined
}

const GAP = 2
const NARROW_GAP = 1

/** The cells between two columns and the width of each. */
export interface Layout {
  readonly gap: number
  readonly widths: readonly number[]
}

/** Natural width of every column, header included. */
export function naturalWidths<T>(
  cells: readonly (readonly string[])[],
  columns: readonly Column<T>[],
  header: boolean,
): number[] {
  const widths = columns.map((column) => (header ? cellWidth(column.header) : 0))
  for (const row of cells)
    for (let column = 0; column < columns.length; column++)
      widths[column] = Math.max(widths[column]!, cellWidth(row[column]!))
  return widths
}

/**
 * Fits columns into `width` cells: first the gaps shrink to one cell, then the widest of the columns that may be
 * cut, cell by cell, down to their minimum. What does not fit even then is cut at the terminal's edge.
 */
export function fitWidths<T>(
  natural: readonly number[],
  columns: readonly Column<T>[],
  width: number | undefined,
): Layout {
  const widths = [...natural]
  const cells = (gap: number): number => widths.reduce((sum, cell) => sum + cell, gap * (widths.length - 1))
  if (width === undefined || cells(GAP) <= width) return { gap: GAP, widths }
  while (cells(NARROW_GAP) > width) {
    let widest = -1
    for (const [index, { cut, min = 1 }] of columns.entries())
      if (cut !== undefined && widths[index]! > min && (widest < 0 || widths[index]! > widths[widest]!))
        widest = index
    if (widest < 0) break
    widths[widest]!--
  }
  return { gap: NARROW_GAP, widths }
}

/** A cell cut to its column. */
export function fitCell<T>(text: string, column: Column<T>, width: number): string {
  if (column.cut === 'middle') return cutMiddle(text, width)
  return column.cut === 'end' ? cutEnd(text, width) : text
}

/**
 * Writes records as lines of columns in two passes, one over the widths, one over the text: linear, for listings
 * of any length. No line ends in spaces.
 */
export function writeColumns<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  options: ColumnsOptions,
  write: (text: string) => void,
): void {
  const cells = records.map((record) => columns.map((column) => column.text(record)))
  const layout = fitWidths(naturalWidths(cells, columns, options.header), columns, options.width)
  const { style, width } = options
  if (options.header) {
    const headers = columns.map(({ header }) => header)
    write(`${line(headers, columns, layout, width, (cell) => style.bold(cell))}\n`)
  }
  for (const [row, record] of records.entries()) {
    const paint = (cell: string, column: Column<T>): string => column.paint?.(cell, record, style) ?? cell
    write(`${line(cells[row]!, columns, layout, width, style.color ? paint : undefined)}\n`)
  }
}

function line<T>(
  cells: readonly string[],
  columns: readonly Column<T>[],
  { gap, widths }: Layout,
  limit: number | undefined,
  paint: ((cell: string, column: Column<T>) => string) | undefined,
): string {
  let text = ''
  // Spaces are held back until something follows them.
  let pending = 0
  let used = 0
  for (const [index, column] of columns.entries()) {
    const width = widths[index]!
    let cell = fitCell(cells[index]!, column, width)
    let length = cellWidth(cell)
    const before = column.align === 'right' ? width - length : 0
    if (limit !== undefined && used + pending + before + length > limit) {
      cell = cutEnd(cell, Math.max(0, limit - used - pending - before))
      length = cellWidth(cell)
    }
    if (length > 0) {
      text += ' '.repeat(pending + before) + (paint === undefined ? cell : paint(cell, column))
      used += pending + before + length
      pending = column.align === 'right' ? gap : width - length + gap
    } else pending += width + gap
    if (limit !== undefined && used >= limit) break
  }
  return text
}
