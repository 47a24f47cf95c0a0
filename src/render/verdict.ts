import type { PlaneFinding, Verdict } from '../diagnose/verdict.ts'
import { cellWidth } from './cell-width.ts'
import { asciiJson } from './json-text.ts'
import { endpointText, processText } from './line.ts'
import { sanitize } from './sanitize.ts'
import type { Style } from './style.ts'
import type { TraceClock } from './time.ts'
import { wrap } from './wrap.ts'

const STATUS: Readonly<Record<PlaneFinding['status'], string>> = {
  seen: 'seen',
  not_seen: 'not seen',
  not_watched: 'not watched',
}
const PLANE_WIDTH = 8
const STATUS_WIDTH = 12
/** Below a plane and its status; below `try`. */
const DETAIL_INDENT = ' '.repeat(2 + PLANE_WIDTH + 1 + STATUS_WIDTH + 1)
const ADVICE_INDENT = ' '.repeat(2 + PLANE_WIDTH + 1)

export interface VerdictFormat {
  readonly style: Style
  /** Width of the terminal in cells; `undefined` in a pipe, where a line is never broken. */
  readonly columns?: number
}

/** A verdict as text: what happened, why, what each plane showed, what to try. */
export function verdictText(verdict: Verdict, { style, columns }: VerdictFormat): string {
  const width = columns ?? Number.POSITIVE_INFINITY
  const lines = [headline(verdict, style, width), wrap(`  ${sanitize(verdict.summary)}`, width, '  ')]
  for (const { plane, status, detail } of verdict.evidence) {
    const word = STATUS[status].padEnd(STATUS_WIDTH)
    const painted = status === 'seen' ? style.info(word) : style.dim(word)
    lines.push(`  ${style.bold(plane.padEnd(PLANE_WIDTH))} ${painted} ${hang(detail, width, DETAIL_INDENT)}`)
  }
  for (const [index, advice] of verdict.advice.entries()) {
    const word = (index === 0 ? 'try' : '').padEnd(PLANE_WIDTH)
    lines.push(`  ${style.good(word)} ${hang(advice, width, ADVICE_INDENT)}`)
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** `✗ refused  curl[4021]  127.0.0.2:48448 → 127.0.0.2:8080   ECONNREFUSED   refused.wrong-address`. */
function headline(verdict: Verdict, style: Style, width: number): string {
  const { client, server, process, error, proto, final } = verdict
  const [family] = verdict.verdict.split('.')
  const who = process?.client ?? process?.server
  const cells: [text: string, paint: (text: string) => string, gap: string][] = [
    [`${final ? '✗' : '…'} ${family}`, final ? style.bad : style.warn, ''],
  ]
  if (who !== undefined) cells.push([processText(who), style.name, '  '])
  const plain = (text: string): string => text
  cells.push([`${endpointText(client)} →`, plain, '  '])
  cells.push([`${endpointText(server)}${proto === 'udp' ? ' udp' : ''}`, plain, ' '])
  if (error !== undefined) cells.push([error, style.bad, '   '])
  cells.push([verdict.verdict, style.bold, '   '])
  if (!final) cells.push(['goes on', style.dim, '   '])
  let line = ''
  let used = 0
  for (const [text, paint, gap] of cells) {
    const cell = cellWidth(text)
    if (used > 0 && used + gap.length + cell > width) {
      line += `\n  ${paint(text)}`
      used = 2 + cell
    } else {
      line += gap + paint(text)
      used += gap.length + cell
    }
  }
  return line
}

/** Wrapped text whose first line stands behind something as wide as `indent`. */
function hang(text: string, width: number, indent: string): string {
  return wrap(indent + sanitize(text), width, indent).slice(indent.length)
}

/** A verdict as one line of the JSON contract. */
export function verdictJson(verdict: Verdict, clock: TraceClock): string {
  const { at, proto, flow, client, server, process, final, error, summary } = verdict
  let line = `{"type":"verdict","time":"${clock.rfc3339(at)}","ts":${clock.epoch(at)}`
  line += `,"verdict":"${verdict.verdict}"`
  if (error !== undefined) line += `,"error":"${error}"`
  line += `,"proto":"${proto}"`
  if (flow !== undefined) line += `,"flow":${flow}`
  line += `,"client":${asciiJson(client)},"server":${asciiJson(server)}`
  if (process !== undefined) line += `,"process":${asciiJson(process)}`
  line += `,"final":${final},"summary":${asciiJson(summary)},"confidence":"${verdict.confidence}"`
  return `${line},"evidence":${asciiJson(verdict.evidence)},"advice":${asciiJson(verdict.advice)}}\n`
}
