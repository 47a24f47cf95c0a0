import type { HandshakeOptions, Side } from '../flow/event.ts'
import { endpointText, processText as wireProcessText } from '../render/line.ts'
import { sanitize } from '../render/sanitize.ts'
import { NUMERIC, endpointText as socketEnd, timerText } from '../render/socket-text.ts'
import { type Style, stateStyle } from '../render/style.ts'
import { count, formatBytes, formatMs } from '../render/units.ts'
import { wrap } from '../render/wrap.ts'
import type { Area } from './layout.ts'
import type { LiveModel } from './model/model.ts'
import { type Row, stateOf } from './model/row.ts'
import { fit, lineOf, type Paint, type Span } from './spans.ts'
import { stripSpans } from './strip-spans.ts'
import { processOf } from './table-pane.ts'

const LABEL = 11

/** The selected connection: badge, who, states, handshake, traffic, what the machine adds, the verdict. */
export function detailLines(
  model: LiveModel,
  area: Area,
  width: number,
  style: Style,
  nowMs: number,
): string[] {
  const row = model.table.row
  const lines: string[] = []
  if (row === undefined)
    lines.push(
      lineOf(
        [
          ['  details', style.bold],
          ['  select a connection', style.dim],
        ],
        width,
      ),
    )
  else {
    const verdict = verdictLines(row, width, style)
    lines.push(titleLine(row, width, style), ...verdict)
    for (const [label, spans] of facts(row, style, nowMs)) lines.push(factLine(label, spans, width, style))
    if (model.selected?.row === row.id)
      for (const [label, text] of model.selected.lines)
        for (const [index, part] of wrap(sanitize(text), Math.max(20, width - LABEL - 3))
          .split('\n')
          .entries())
          lines.push(factLine(index === 0 ? label : '', [[part]], width, style))
  }
  const shown = lines.slice(0, area.height)
  while (shown.length < area.height) shown.push(' '.repeat(width))
  return shown
}

function titleLine(row: Row, width: number, style: Style): string {
  const { record, closed } = row
  const state = closed === undefined ? stateOf(row) : `${record.state}, gone`
  return lineOf(
    [
      ['  details ', style.bold],
      [`[${state}]`, stateStyle(style, stateOf(row))],
      [`  ${socketEnd(record, 'local', NUMERIC)} → ${socketEnd(record, 'remote', NUMERIC)}`],
      [row.card === undefined ? '' : `  flow ${row.card.id}`, style.dim],
    ],
    width,
  )
}

function factLine(label: string, spans: readonly Span[], width: number, style: Style): string {
  return lineOf([['  '], [fit(label, LABEL), style.dim], ...spans], width)
}

/** Always the same rows, so that nothing jumps when data comes; `-` where there is none. */
function facts(row: Row, style: Style, nowMs: number): [string, Span[]][] {
  const { record, card } = row
  const process = record.processes[0]
  const others = peerProcess(row)
  const who = process === undefined ? '-' : `${processOf(row)}${process.fd >= 0 ? ` fd ${process.fd}` : ''}`
  const wire =
    card === undefined ? '-' : `client ${card.states.client ?? '?'}, server ${card.states.server ?? '?'}`
  const strip = stripSpans(row, style, nowMs)
  const rtt = card?.rttMs
  return [
    ['who', [[who, style.name], [others === '' ? '' : `  peer ${others}`]]],
    [
      'state',
      [
        ['kernel '],
        row.hasSocket ? [record.state, stateStyle(style, record.state)] : ['no socket', style.dim],
        [`   wire ${wire}`],
      ],
    ],
    [
      'handshake',
      [
        ...(strip.length === 0 ? ([['-']] as Span[]) : strip),
        [rtt === undefined ? '' : `   ${formatMs(rtt)}`],
        [optionsText(row), style.dim],
      ],
    ],
    ['traffic', [[trafficText(row), card !== undefined && card.retransmissions > 0 ? style.warn : plain]]],
    ['queues', [[`recv ${record.recv_q}, send ${record.send_q}   ${timerText(record)}`]]],
  ]
}

const plain: Paint = (text) => text

function peerProcess({ card, side }: Row): string {
  const process = card?.processes[side === 'client' ? 'server' : 'client']
  return process === undefined ? '' : wireProcessText(process)
}

function trafficText({ card }: Row): string {
  if (card === undefined) return '-'
  const { bytes, retransmissions, record } = card
  const again = retransmissions > 0 ? `, ${count(retransmissions, 'retransmission')}` : ''
  const outcome = record === undefined ? '' : `, ${record.outcome} (${record.conn_state} ${record.history})`
  return `client ${formatBytes(bytes.client)}, server ${formatBytes(bytes.server)}${again}${outcome}`
}

function optionsText({ card }: Row): string {
  const texts: string[] = []
  for (const event of card?.events ?? []) {
    if (event.event !== 'handshake' || event.options === undefined) continue
    const side: Side = event.sender
    texts.push(`${side} ${words(event.options)}`)
  }
  return texts.length === 0 ? '' : `   ${[...new Set(texts)].join('; ')}`
}

function words({ mss, window_scale, sack_permitted, timestamps, ecn }: HandshakeOptions): string {
  const found = [
    mss === undefined ? '' : `mss ${mss}`,
    window_scale === undefined ? '' : `wscale ${window_scale}`,
    sack_permitted ? 'sack' : '',
    timestamps ? 'ts' : '',
    ecn ? 'ecn' : '',
  ]
  return found.filter(Boolean).join(' ') || 'no options'
}

const STATUS = { seen: '✓', not_seen: '○', not_watched: '⊘' } as const

/** What happened, why, what each plane showed, what to try. */
function verdictLines({ verdict }: Row, width: number, style: Style): string[] {
  if (verdict === undefined) return []
  const { client, server, confidence, error, final, evidence, advice, summary } = verdict
  const lines = [
    lineOf(
      [
        [`  ✗ ${verdict.verdict}`, style.bad],
        [`  ${endpointText(client)} → ${endpointText(server)}`],
        [`  ${[error, confidence, final ? '' : 'not final'].filter(Boolean).join(', ')}`, style.dim],
      ],
      width,
    ),
  ]
  for (const part of wrap(sanitize(summary), Math.max(20, width - 6)).split('\n'))
    lines.push(lineOf([['    '], [part, style.bold]], width))
  for (const { plane, status, detail } of evidence) {
    const paint = status === 'seen' ? style.good : style.dim
    lines.push(factLine(plane, [[STATUS[status], paint], [` ${sanitize(detail)}`]], width, style))
  }
  for (const text of advice) lines.push(factLine('try', [[sanitize(text), style.info]], width, style))
  return lines
}
