import { cutMiddle } from '../render/cell-width.ts'
import { sanitize } from '../render/sanitize.ts'
import { endpointText, NUMERIC, netidText } from '../render/socket-text.ts'
import { type Style, stateStyle } from '../render/style.ts'
import { formatBytes } from '../render/units.ts'
import type { Layout } from './layout.ts'
import { TABLE_HEAD } from './layout.ts'
import type { LiveModel } from './model/model.ts'
import { isGroup, type Line, type Sort } from './model/order.ts'
import { type Row, stateOf } from './model/row.ts'
import { fit, fitRight, lineOf, type Paint, type Span } from './spans.ts'
import { STRIP_WIDTH, stripSpans } from './strip-spans.ts'

interface TableColumn {
  readonly head: string
  readonly sort: Sort | undefined
  readonly width: number
  readonly right?: true
  spans(row: Row, nowMs: number): readonly Span[]
}

const STATE_WIDTH = 11
const QUEUE_WIDTH = 6
const BYTES_WIDTH = 10
const MAX_ENDPOINT = 45
const MAX_PROCESS = 28

/** What fits; addresses and names share the rest of the width. */
export function columnsFor(width: number, style: Style): TableColumn[] {
  const wide = width >= 110
  const roomy = width >= 140
  const fixed = STATE_WIDTH + 1 + (wide ? 6 + 2 * (QUEUE_WIDTH + 1) : 0) + (roomy ? 2 * (BYTES_WIDTH + 1) : 0)
  const note = width >= 100 ? Math.min(40, Math.max(0, width - 130)) : 0
  const rest = width - fixed - STRIP_WIDTH - note - 4
  const process = Math.max(10, Math.min(MAX_PROCESS, Math.floor(rest * 0.26)))
  const ends = Math.min(MAX_ENDPOINT, Math.floor((rest - process) / 2))
  const columns: TableColumn[] = []
  const add = (
    head: string,
    sort: Sort | undefined,
    cells: number,
    text: (row: Row) => string,
    paint?: (row: Row) => Paint | undefined,
    right?: true,
  ): void => {
    columns.push({
      head,
      sort,
      width: cells,
      ...(right && { right }),
      spans: (row) => {
        const span = right ? fitRight(text(row), cells) : fit(text(row), cells)
        const painted = paint?.(row)
        return [painted === undefined ? [span] : [span, painted]]
      },
    })
  }
  if (wide) add('Netid', undefined, 5, ({ record }) => netidText(record))
  add('State', 'state', STATE_WIDTH, shownState, (row) => stateStyle(style, shownState(row)))
  if (wide) {
    add(
      'Recv-Q',
      'queues',
      QUEUE_WIDTH,
      ({ record }) => String(record.recv_q),
      queuePaint('recv_q', style),
      true,
    )
    add(
      'Send-Q',
      'queues',
      QUEUE_WIDTH,
      ({ record }) => String(record.send_q),
      queuePaint('send_q', style),
      true,
    )
  }
  add('Local', 'local', ends, ({ record }) => cutMiddle(endpointText(record, 'local', NUMERIC), ends))
  add('Peer', 'remote', ends, ({ record }) => cutMiddle(endpointText(record, 'remote', NUMERIC), ends))
  add('Process', 'process', process, processOf, () => style.name)
  if (roomy) {
    add('Sent', 'bytes', BYTES_WIDTH, (row) => bytesOf(row, true), undefined, true)
    add('Received', 'bytes', BYTES_WIDTH, (row) => bytesOf(row, false), undefined, true)
  }
  columns.push({
    head: 'Handshake and close',
    sort: 'recent',
    width: STRIP_WIDTH + note,
    spans: (row, nowMs) => [...stripSpans(row, style, nowMs), ...noteSpans(row, style)],
  })
  return columns
}

/** Of what is gone: how it ended. */
function shownState(row: Row): string {
  return row.closed === undefined ? stateOf(row) : (row.card?.record?.outcome ?? 'closed')
}

export function processOf({ record: { processes } }: Row): string {
  const [first] = processes
  if (first === undefined) return ''
  const others = new Set(processes.map(({ pid }) => pid)).size - 1
  return `${sanitize(first.comm)}[${first.pid}]${others > 0 ? ` +${others}` : ''}`
}

function bytesOf({ card, side }: Row, sent: boolean): string {
  if (card === undefined) return ''
  return formatBytes(card.bytes[(side === 'client') === sent ? 'client' : 'server'])
}

function queuePaint(queue: 'recv_q' | 'send_q', style: Style): (row: Row) => Paint | undefined {
  return ({ record }) => {
    const full = record.listen !== undefined && record.listen.accept_queue > record.listen.backlog
    if (full) return style.bad
    return record[queue] > 0 && record.listen === undefined ? style.warn : undefined
  }
}

/** Behind the strip: the verdict, how it ended, or how full a listener's queue is. */
function noteSpans(row: Row, style: Style): Span[] {
  const { verdict, record, card } = row
  if (verdict !== undefined) return [[` ✗ ${verdict.verdict}`, style.bad]]
  const { listen } = record
  if (listen !== undefined) {
    const text = `accept ${listen.accept_queue}/${listen.backlog}${listen.syn_queue ? `, SYN ${listen.syn_queue}` : ''}`
    return [[text, listen.accept_queue > listen.backlog ? style.bad : style.dim]]
  }
  return card !== undefined && card.retransmissions > 0
    ? [[` ${card.retransmissions} again`, style.warn]]
    : []
}

/** Title, heads and rows of the table. */
export function tableLines(model: LiveModel, layout: Layout, style: Style, nowMs: number): string[] {
  const { columns: width, table } = layout
  const columns = columnsFor(width, style)
  const body = table.height - TABLE_HEAD
  const lines = [titleLine(model, width, body, style), headLine(columns, model, width, style)]
  for (let at = model.table.top; lines.length < table.height; at++) {
    const line = model.table.lines[at]
    const isSelected = at === model.table.index && line !== undefined
    lines.push(
      line === undefined ? ' '.repeat(width) : bodyLine(line, columns, width, isSelected, style, nowMs),
    )
  }
  return lines
}

function titleLine(model: LiveModel, width: number, body: number, style: Style): string {
  const { table, sort, reversed, grouping, filter } = model
  const total = table.lines.length
  const last = Math.min(total, table.top + body)
  const spans: Span[] = [
    [model.focus === 'table' ? '▸ sockets' : '  sockets', style.bold],
    [` ${total === 0 ? 0 : table.top + 1}-${last} of ${total}`, style.dim],
    ['  sort '],
    [`${sort}${reversed ? ' ↑' : ' ↓'}`, style.info],
  ]
  if (grouping !== 'none') spans.push(['  by '], [grouping, style.info])
  if (filter !== undefined) spans.push(['  / '], [sanitize(filter.text), style.warn])
  if (model.paused) spans.push(['  '], [`⏸ paused, ${model.held} events wait`, style.warn])
  return lineOf(spans, width)
}

function headLine(columns: readonly TableColumn[], model: LiveModel, width: number, style: Style): string {
  const spans: Span[] = [[' ']]
  for (const { head, sort, width: cells, right } of columns) {
    const text = sort === model.sort ? `${head}${model.reversed ? '↑' : '↓'}` : head
    spans.push([right ? fitRight(text, cells) : fit(text, cells), style.dim], [' '])
  }
  return lineOf(spans, width)
}

function bodyLine(
  line: Line,
  columns: readonly TableColumn[],
  width: number,
  selected: boolean,
  style: Style,
  nowMs: number,
): string {
  if (isGroup(line)) {
    const head = `${line.folded ? '▸' : '▾'} ${sanitize(line.group)}`
    return lineOf(
      [
        [head, style.bold],
        [`  ${line.rows}`, style.dim],
      ],
      width,
      selected,
    )
  }
  const gone = line.closed !== undefined
  const spans: Span[] = [[markOf(line)]]
  for (const [index, column] of columns.entries()) {
    if (index > 0) spans.push([' '])
    for (const [text, paint] of column.spans(line, nowMs)) {
      // What closed is grey, but for what went wrong.
      const shown = gone && paint !== style.bad ? style.dim : paint
      spans.push(shown === undefined ? [text] : [text, shown])
    }
  }
  return lineOf(spans, width, selected)
}

/** Without colour, closed ones are told by this. */
function markOf({ closed, verdict }: Row): string {
  return verdict !== undefined ? '!' : closed === undefined ? ' ' : '-'
}
