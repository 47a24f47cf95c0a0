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
  const detailLines = !model.details ? 0 : roomy ? DETAILS : Math.min(DETAILS, body - 6)
  const eventLines = model.details && !roomy ? 0 : share
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
