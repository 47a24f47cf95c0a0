import type { LiveModel } from './model/model.ts'

/** Where each part of the screen is: first line and number of lines. */
export interface Area {
  readonly top: number
  readonly height: number
}

export interface Layout {
  readonly columns: number
  readonly rows: number
  /** Title, column heads, rows. */
  readonly table: Area
  readonly details: Area | undefined
  readonly events: Area | undefined
}

const HEADER = 2
const FOOTER = 1
/** Title of the table and its column heads. */
export const TABLE_HEAD = 2
/** Below this many lines the details take the place of the events. */
export const ROOMY = 36
const DETAILS = 14
/** Lines that the table keeps whatever the details need. */
const MIN_TABLE = 6
const MIN_EVENTS = 4
const MAX_EVENTS = 22

/** Smallest screen that anything can be shown on. */
export const MIN_COLUMNS = 40
export const MIN_ROWS = 10

/** Shares out the lines of a screen. */
export function layoutOf(model: LiveModel, columns: number, rows: number): Layout {
  const body = rows - HEADER - FOOTER
  const share = Math.max(MIN_EVENTS, Math.min(MAX_EVENTS, Math.floor(body * 0.4)))
  const roomy = rows >= ROOMY
  const eventLines = model.details && !roomy ? 0 : share
  // What a short table leaves free belongs to the details, as far as they need it.
  const rest = body - eventLines
  const free = rest - Math.max(MIN_TABLE, TABLE_HEAD + model.table.lines.length)
  const wanted = Math.max(DETAILS, Math.min(model.detailsNeed, free))
  const detailLines = model.details ? Math.min(wanted, rest - MIN_TABLE) : 0
  const tableLines = body - detailLines - eventLines
  const detailsTop = HEADER + tableLines
  return {
    columns,
    rows,
    table: { top: HEADER, height: tableLines },
    details: detailLines === 0 ? undefined : { top: detailsTop, height: detailLines },
    events: eventLines === 0 ? undefined : { top: detailsTop + detailLines, height: eventLines },
  }
}
