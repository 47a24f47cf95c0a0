import type { Style } from '../render/style.ts'
import type { TimeFormat, TraceClock } from '../render/time.ts'
import { helpLines } from './bindings.ts'
import { detailLines, details } from './details-pane.ts'
import { entryTime, eventLines } from './events-pane.ts'
import { footerLine, headerLines } from './header.ts'
import { ladderLines } from './ladder-pane.ts'
import { type Layout, layoutOf, MIN_COLUMNS, MIN_ROWS, TABLE_HEAD } from './layout.ts'
import type { LiveModel } from './model/model.ts'
import { linesOf, type Paragraph } from './paragraph.ts'
import type { Frame } from './screen.ts'
import { asciiLine, lineOf } from './spans.ts'
import { streamLines } from './stream-pane.ts'
import { tableLines } from './table-pane.ts'

/** What a frame depends on beside the model. */
export interface FrameFormat {
  readonly columns: number
  readonly rows: number
  readonly style: Style
  readonly unicode: boolean
  readonly timeFormat: TimeFormat
  /** Counts from the epoch. */
  readonly clock: TraceClock
}

const NANOS_PER_MS = 1e6

/** The whole screen; `model` must be arranged. */
export function renderFrame(model: LiveModel, format: FrameFormat, nowMs: number): Frame {
  const { columns, rows, style, unicode } = format
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    const lines = Array.from({ length: rows }, () => ' '.repeat(columns))
    lines[0] = lineOf([[`${MIN_COLUMNS}×${MIN_ROWS} at least; q quits`.replace('×', 'x')]], columns)
    return { lines }
  }
  const told = model.details ? details(model, columns, style, nowMs) : []
  model.detailsNeed = linesOf(told)
  const layout = layoutOf(model, columns, rows)
  const footer = footerLine(model, columns, style)
  const lines = [
    ...headerLines(model, columns, style),
    ...body(model, layout, told, format, nowMs),
    footer.line,
  ]
  return {
    lines: unicode ? lines : lines.map(asciiLine),
    ...(footer.cursor !== undefined && { cursor: { x: footer.cursor, y: rows - 1 } }),
  }
}

function body(
  model: LiveModel,
  layout: Layout,
  told: readonly Paragraph[],
  format: FrameFormat,
  nowMs: number,
): string[] {
  const { columns, style, timeFormat, clock } = format
  if (model.overlay !== undefined) return overlay(model, layout, format)
  model.table.resize(layout.table.height - TABLE_HEAD)
  const lines = tableLines(model, layout, style, nowMs)
  if (layout.details !== undefined) lines.push(...detailLines(told, layout.details.height, columns))
  if (layout.events !== undefined)
    lines.push(...eventLines(model, layout.events, columns, style, entryTime(clock, timeFormat, columns)))
  return lines
}

/** A view that takes the place of all panes. It is scrolled by `model.scroll`, which is kept within its lines. */
function overlay(model: LiveModel, layout: Layout, format: FrameFormat): string[] {
  const { columns, style } = format
  const height = layout.rows - 3
  const lines = overlayLines(model, columns, style, format)
  const end = Math.max(0, lines.length - height)
  model.scroll = model.sticky ? end : Math.max(0, Math.min(end, model.scroll))
  if (model.overlay === 'stream' && model.scroll === end) model.sticky = true
  const shown = lines.slice(model.scroll, model.scroll + height)
  while (shown.length < height) shown.push(' '.repeat(columns))
  return shown
}

function overlayLines(
  model: LiveModel,
  width: number,
  style: Style,
  { clock, timeFormat }: FrameFormat,
): string[] {
  if (model.overlay === 'help') return helpLines(model, width, style)
  if (model.overlay === 'stream') return streamLines(model, width, style)
  const card = model.table.row?.card
  if (card === undefined)
    return [lineOf([['  nothing of this connection was seen on the wire yet', style.dim]], width)]
  const started = clock.text(card.started * NANOS_PER_MS, timeFormat === 'delta' ? 'local' : timeFormat)
  return ladderLines(card, model.heldSteps, width, style, started)
}
