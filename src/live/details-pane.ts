import type { HandshakeOptions, Side } from '../flow/event.ts'
import { endpointText, processText as wireProcessText } from '../render/line.ts'
import { NUMERIC, endpointText as socketEnd, timerText } from '../render/socket-text.ts'
import { type Style, stateStyle } from '../render/style.ts'
import { count, formatBytes, formatMs } from '../render/units.ts'
import type { LiveModel } from './model/model.ts'
import { isConnection, type Row, stateOf } from './model/row.ts'
import { fact, hanging, labelled, oneLine, type Paragraph, unfold } from './paragraph.ts'
import type { Paint, Span } from './spans.ts'
import { stripSpans } from './strip-spans.ts'
import { processOf } from './table-pane.ts'

/** Everything there is to say of the selected connection: badge, verdict, who, states, traffic, what the machine adds. */
export function details(model: LiveModel, width: number, style: Style, nowMs: number): Paragraph[] {
  const row = model.table.row
  if (row === undefined)
    return [
      oneLine(
        [
          ['  details', style.bold],
          ['  select a connection', style.dim],
        ],
        width,
      ),
    ]
  const selected = model.selected?.row === row.id ? model.selected.lines : []
  return [
    title(row, width, style),
    ...verdictCard(row, width, style),
    ...facts(model, row, style, nowMs).map(([label, spans]) => fact(label, spans, width, style)),
    ...selected.map(([label, text]) => labelled(label, undefined, text, width, style)),
  ]
}

/** The pane, `height` lines of it. */
export function detailLines(paragraphs: readonly Paragraph[], height: number, width: number): string[] {
  const shown = unfold(paragraphs, height).slice(0, height)
  while (shown.length < height) shown.push(' '.repeat(width))
  return shown
}

function title(row: Row, width: number, style: Style): Paragraph {
  const { record, closed } = row
  const state = closed === undefined ? stateOf(row) : `${record.state}, gone`
  return oneLine(
    [
      ['  details ', style.bold],
      [`[${state}]`, stateStyle(style, stateOf(row))],
      [`  ${socketEnd(record, 'local', NUMERIC)} → ${socketEnd(record, 'remote', NUMERIC)}`],
      [row.card === undefined ? '' : `  flow ${row.card.id}`, style.dim],
    ],
    width,
  )
}

/** Always the same rows, so that nothing jumps when data comes; `-` where there is none. */
function facts(model: LiveModel, row: Row, style: Style, nowMs: number): [string, Span[]][] {
  const { record, card } = row
  const wire =
    card === undefined ? '-' : `client ${card.states.client ?? '?'}, server ${card.states.server ?? '?'}`
  const strip = stripSpans(row, style, nowMs)
  const rtt = card?.rttMs
  return [
    ['who', whoSpans(model, row, style)],
    ['state', [...(model.playback === undefined ? kernelSpans(row, style) : []), [`wire ${wire}`]]],
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

/** The process at this end and, of a connection, at the other, which may be on another machine. */
function whoSpans({ book, playback }: LiveModel, row: Row, style: Style): Span[] {
  const { record, card, side } = row
  const mine = holder(row)
  if (!isConnection(record)) return [[mine || '-', style.name]]
  const peer = book.peerOf(row)
  const seen = card?.processes[other(side)]
  const theirs = (peer && holder(peer)) || (seen && wireProcessText(seen))
  // A capture file knows nothing of processes.
  if (playback !== undefined && !mine && !theirs) return [['-']]
  const place = book.isHere(record.remote.addr ?? '') ? 'unknown' : 'not in this network namespace'
  return [
    [`${side} `, style.dim],
    [mine || 'unknown', mine ? style.name : style.dim],
    ['  ↔  ', style.dim],
    [`${other(side)} `, style.dim],
    theirs ? [theirs, style.name] : [place, style.dim],
  ]
}

function kernelSpans({ hasSocket, record: { state } }: Row, style: Style): Span[] {
  return [['kernel '], hasSocket ? [state, stateStyle(style, state)] : ['no socket', style.dim], ['   ']]
}

function holder(row: Row): string {
  const [process] = row.record.processes
  return process === undefined ? '' : `${processOf(row)}${process.fd >= 0 ? ` fd ${process.fd}` : ''}`
}

function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
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
function verdictCard({ verdict }: Row, width: number, style: Style): Paragraph[] {
  if (verdict === undefined) return []
  const { client, server, confidence, error, final, evidence, advice, summary } = verdict
  return [
    oneLine(
      [
        [`  ✗ ${verdict.verdict}`, style.bad],
        [`  ${endpointText(client)} → ${endpointText(server)}`],
        [`  ${[error, confidence, final ? '' : 'not final'].filter(Boolean).join(', ')}`, style.dim],
      ],
      width,
    ),
    hanging([['    ']], 4, summary, width, style.bold),
    ...evidence.map(({ plane, status, detail }) =>
      labelled(plane, [STATUS[status], status === 'seen' ? style.good : style.dim], detail, width, style),
    ),
    ...advice.map((text) => labelled('try', undefined, text, width, style, style.info)),
  ]
}
