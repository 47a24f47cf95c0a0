import { cellWidth, cutEnd, cutMiddle } from './cell-width.ts'
import {
  GAP_NANOS,
  type Ladder,
  type LadderSkip,
  type LadderStep,
  type LadderTone,
  rowTimes,
} from './ladder-model.ts'
import { endpointText } from './line.ts'
import { sanitize } from './sanitize.ts'
import type { Style } from './style.ts'
import { count, formatBytes, formatMs } from './units.ts'

export interface LadderFormat {
  readonly style: Style
  /** Cells of a line; without it nothing is cut. */
  readonly width?: number
  /** When the flow began; without it there is no heading. */
  readonly started?: string
}

/** Cells for the time, and for what a packet is called. */
const GUTTER = 11
const LABEL = 14
const NANOS_PER_MS = 1e6
const NANOS_PER_SECOND = 1e9

/** Cells between the two lines: less where the terminal is narrow. */
function innerWidth(width: number | undefined): number {
  if (width === undefined || width >= 120) return 44
  return Math.max(10, Math.min(24, width - GUTTER - 3))
}

/** A flow as two lines and an arrow for each packet, with the time on the left and the meaning on the right. */
export function ladderText(ladder: Ladder, { style, width, started }: LadderFormat): string {
  const inner = innerWidth(width)
  const lines: string[] = []
  if (started !== undefined)
    lines.push(style.bold(cut(`flow ${ladder.flow}  ${ladder.proto}  ${started}  ${ladder.outcome}`, width)))
  lines.push(...heads(ladder, inner, width))
  const first = ladder.rows[0]
  const origin = first === undefined ? 0 : rowTimes(first).from
  let last = origin
  for (const row of ladder.rows) {
    const { from, to } = rowTimes(row)
    if (from - last >= GAP_NANOS)
      lines.push(gapLine(`⋮ ${formatMs((from - last) / NANOS_PER_MS)}`, inner, style))
    last = to
    lines.push(
      'step' in row
        ? stepLine(row.step, origin, inner, width, style)
        : skipLine(row.skip, inner, width, style),
    )
  }
  return lines.map((line) => `${line}\n`).join('')
}

/**
 * Names above the lines: the client's from its line to the right, the server's up to its line if there is room. Where
 * they do not fit the width, each keeps its ends: those of an address are its network and its port.
 */
function heads(
  { client, server, clientProcess, serverProcess }: Ladder,
  inner: number,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const pad = ' '.repeat(GUTTER + 1)
  const most = width - pad.length
  return [
    [clientProcess ?? 'client', serverProcess ?? 'server'],
    [endpointText(client), endpointText(server)],
  ].map((names) => {
    const [first, second] = names.map((name) => sanitize(name!)) as [string, string]
    const left = cutMiddle(first, Math.max(most >> 1, most - 2 - cellWidth(second)))
    const right = cutMiddle(second, most - 2 - cellWidth(left))
    const [from, to] = [cellWidth(left), cellWidth(right)]
    const room = inner + 2 - from - to
    const between = room >= 2 ? room : Math.max(2, Math.min(inner + 1 - from, most - from - to))
    return `${pad}${left}${' '.repeat(between)}${right}`
  })
}

function stepLine(
  step: LadderStep,
  origin: number,
  inner: number,
  width: number | undefined,
  style: Style,
): string {
  const time = ((step.at - origin) / NANOS_PER_SECOND).toFixed(6).padStart(GUTTER)
  const paint = toneStyle(style, step.tone)
  const line = `${style.dim(time)} │${paint(arrow(step, inner))}│`
  if (step.label === undefined) return line
  const said = beside(`${step.label.padEnd(LABEL)} ${sanitize(step.text ?? '')}`, inner, width)
  return said === '' ? line : `${line}  ${paintStart(said, paint)}`
}

/** What stands behind the second line, cut to what is left of the width; empty where that is nothing. */
function beside(text: string, inner: number, width: number | undefined): string {
  const room = width === undefined ? undefined : width - GUTTER - inner - 5
  return room === undefined || room > 0 ? cut(text, room) : ''
}

function cut(text: string, width: number | undefined): string {
  return width === undefined ? text : cutEnd(text, width)
}

/** Paints what a packet is called; the sentence stays calm. */
function paintStart(text: string, paint: (text: string) => string): string {
  return `${paint(text.slice(0, LABEL))}${text.slice(LABEL)}`
}

/** `──── [S] ────▶`, with its head at the side of the receiver; `✗` where it never got there. */
function arrow({ what, fromClient, dropped }: LadderStep, inner: number): string {
  const text = ` ${cutEnd(sanitize(what), inner - 6)} `
  const line = inner - 1 - cellWidth(text)
  const left = line >> 1
  const shaft = `${'─'.repeat(left)}${text}${'─'.repeat(line - left)}`
  if (dropped) return fromClient ? `${shaft}✗` : `✗${shaft}`
  return fromClient ? `${shaft}▶` : `◀${shaft}`
}

/** Between the lines, where nothing happens. */
function gapLine(text: string, inner: number, style: Style): string {
  const before = Math.max(0, (inner - cellWidth(text)) >> 1)
  const after = Math.max(0, inner - before - cellWidth(text))
  return `${' '.repeat(GUTTER + 1)}│${' '.repeat(before)}${style.dim(text)}${' '.repeat(after)}│`
}

function skipLine(skip: LadderSkip, inner: number, width: number | undefined, style: Style): string {
  const line = gapLine(`⋮ ${count(skip.packets, 'packet')}`, inner, style)
  const said = beside(skipMeaning(skip), inner, width)
  return said === '' ? line : `${line}  ${style.dim(said)}`
}

/** What the packets that are not drawn carried. */
export function skipMeaning({ clientBytes, serverBytes, from, to }: LadderSkip): string {
  const time = formatMs((to - from) / NANOS_PER_MS)
  return `${formatBytes(clientBytes)} from the client, ${formatBytes(serverBytes)} from the server in ${time}`
}

function toneStyle(style: Style, tone: LadderTone): (text: string) => string {
  return tone === 'plain' ? (text) => text : style[tone]
}
