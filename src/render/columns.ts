import { cellWidth, cutEnd, cutMiddle } from './cell-width.ts'
import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

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
  /** Where a cell that is too long is cut; without it the column is narrowed last of all. */
  readonly cut?: 'end' | 'middle'
  /** A column that may be cut keeps this many cells, as long as others can give way. */
  readonly min?: number
  /** Left out of a narrow terminal before the others lose their minimum. */
  readonly spare?: true
}

export interface ColumnsOptions {
  readonly header: boolean
  readonly style: Style
  /** Cut cells so that no line is longer; without it nothing is cut. */
  readonly width?: number | undefined
}

/** Text below a record's line, wrapped into `width`; nothing when it is empty. */
export type Detail<T> = (record: T) => string

const DETAIL_INDENT = '        '
const GAP = 2
const NARROW_GAP = 1

/** What is shown of a listing: which columns, by index, how wide each is, and the cells between two. */
export interface Layout {
  readonly shown: readonly number[]
  readonly widths: readonly number[]
  readonly gap: number
}

/**
 * Fits columns into `width` cells. In this order: gaps of one cell; cells that may be cut, the widest first, down
 * to their minimum; without the spare columns; every column, the widest first.
 */
export function layoutColumns<T>(
  cells: readonly (readonly string[])[],
  columns: readonly Column<T>[],
  header: boolean,
  width: number | undefined,
): Layout {
  const natural = naturalWidths(cells, columns, header)
  const all = columns.map((_, index) => index)
  if (width === undefined || total(natural, all, GAP) <= width)
    return { shown: all, widths: natural, gap: GAP }
  const least = columns.map(({ cut, min = 1 }, index) => (cut === undefined ? natural[index]! : min))
  const needed = all.filter((index) => columns[index]!.spare === undefined)
  for (const shown of [all, needed]) {
    const widths = narrowed(natural, least, shown, width)
    if (total(widths, shown, NARROW_GAP) <= width) return { shown, widths, gap: NARROW_GAP }
  }
  const widths = narrowed(
    narrowed(natural, least, needed, width),
    new Array(all.length).fill(1),
    needed,
    width,
  )
  return { shown: needed, widths, gap: NARROW_GAP }
}

function naturalWidths<T>(
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

function total(widths: readonly number[], shown: readonly number[], gap: number): number {
  return shown.reduce((sum, index) => sum + widths[index]!, gap * (shown.length - 1))
}

/** Takes cells from the widest column that is above its least, until the line fits or none is. */
function narrowed(
  from: readonly number[],
  least: readonly number[],
  shown: readonly number[],
  width: number,
): number[] {
  const widths = [...from]
  for (let excess = total(widths, shown, NARROW_GAP) - width; excess > 0; excess--) {
    let widest = -1
    for (const index of shown)
      if (widths[index]! > least[index]! && (widest < 0 || widths[index]! > widths[widest]!)) widest = index
    if (widest < 0) break
    widths[widest]!--
  }
  return widths
}

/** A cell cut to its column. */
export function fitCell<T>(text: string, column: Column<T>, width: number): string {
  return column.cut === 'middle' ? cutMiddle(text, width) : cutEnd(text, width)
}

/**
 * Writes records as lines of columns in two passes, one over the widths, one over the text: linear, for listings
 * of any length. No line ends in spaces.
 */
export function writeColumns<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  { header, style, width }: ColumnsOptions,
  write: (text: string) => void,
  detail?: Detail<T>,
): void {
  const cells = records.map((record) => columns.map((column) => column.text(record)))
  const layout = layoutColumns(cells, columns, header, width)
  if (header) {
    const headers = columns.map((column) => column.header)
    write(line(headers, columns, layout, (cell) => style.bold(cell)))
  }
  for (const [row, record] of records.entries()) {
    const paint = (cell: string, column: Column<T>): string => column.paint?.(cell, record, style) ?? cell
    write(line(cells[row]!, columns, layout, style.color ? paint : undefined))
    const below = detail?.(record) ?? ''
    if (below !== '')
      write(`${wrap(DETAIL_INDENT + below, width ?? Number.POSITIVE_INFINITY, DETAIL_INDENT)}\n`)
  }
}

function line<T>(
  cells: readonly string[],
  columns: readonly Column<T>[],
  { shown, widths, gap }: Layout,
  paint: ((cell: string, column: Column<T>) => string) | undefined,
): string {
  let text = ''
  // Spaces are held back until something follows them.
  let pending = 0
  for (const index of shown) {
    const column = columns[index]!
    const cell = fitCell(cells[index]!, column, widths[index]!)
    const padding = widths[index]! - cellWidth(cell)
    if (cell === '') pending += padding + gap
    else {
      const before = column.align === 'right' ? padding : 0
      text += ' '.repeat(pending + before) + (paint === undefined ? cell : paint(cell, column))
      pending = padding - before + gap
    }
  }
  return `${text}\n`
}
