import type { Style } from '../render/style.ts'
import { nextRetransmission, type Row } from './model/row.ts'
import { Strip, type StripCell } from './model/strip.ts'
import type { Span } from './spans.ts'

/** Cells of `S▸ ◂SA A▸ ··· F▸ ◂A ◂F A▸`. */
export const STRIP_WIDTH = 25

/** The handshake strip of a row: letters for what was seen, small ones for what is inferred. */
export function stripSpans(row: Row, style: Style, nowMs: number): Span[] {
  const spans: Span[] = []
  for (const cell of stripOf(row)) {
    if (spans.length > 0) spans.push([' '])
    spans.push(cellSpan(cell, style))
  }
  const next = nextRetransmission(row)
  if (next !== undefined) spans.push([' '], [`⟳${waitText(next - nowMs)}`, style.warn])
  return spans
}

function stripOf(row: Row): readonly StripCell[] {
  const { record, card } = row
  if (record.netid !== 'tcp' && record.netid !== 'mptcp') return []
  // The kernel's word on a connection that was seen only in part, or not at all.
  const strip = card?.strip ?? new Strip()
  if (row.hasSocket) strip.state(record.state, row.side)
  return strip.cells
}

function cellSpan({ what, fromClient, light }: StripCell, style: Style): Span {
  const letters = what === 'data' ? '···' : light === 'inferred' ? what.toLowerCase() : what
  const text = fromClient === undefined ? letters : fromClient ? `${letters}▸` : `◂${letters}`
  switch (light) {
    case 'bad':
      return [text, style.bad]
    case 'seen':
      return [text, style.good]
    case 'inferred':
      return [text, style.dim]
    case 'dark':
      return [text, style.dim]
    default:
      return light satisfies never
  }
}

/** Whole seconds when there are many, so that the line does not change all the time. */
function waitText(ms: number): string {
  if (ms <= 0) return 'now'
  return ms >= 10_000 ? `${Math.ceil(ms / 1000)} s` : `${(Math.ceil(ms / 100) / 10).toFixed(1)} s`
}
