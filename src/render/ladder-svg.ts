import { skipMeaning } from './ladder.ts'
import { GAP_NANOS, type Ladder, type LadderStep, type LadderTone, rowTimes } from './ladder-model.ts'
import { endpointText } from './line.ts'
import { sanitize } from './sanitize.ts'
import { count, formatMs } from './units.ts'

// Pixels. Text is set in a monospaced font whose glyphs are at most 0.62 em wide.
const ROW = 26
const HEAD = 84
const LEFT = 110
const RIGHT = 470
const MEANING = RIGHT + 16
const FONT = 12
const GLYPH = FONT * 0.62

const NANOS_PER_MS = 1e6
const NANOS_PER_SECOND = 1e9

/** Legible on white, also for people who do not tell red from green. */
const COLORS: Readonly<Record<LadderTone, string>> = {
  good: '#1a7f37',
  info: '#0550ae',
  warn: '#9a6700',
  bad: '#cf222e',
  plain: '#57606a',
}

/** A flow as an SVG image: no script, no reference to anything outside. */
export function ladderSvg(ladder: Ladder, started: string): string {
  const parts: string[] = []
  const texts: string[] = []
  let y = HEAD
  let last: number | undefined
  const first = ladder.rows[0]
  const origin = first === undefined ? 0 : rowTimes(first).from
  const gap = (text: string, meaning = ''): void => {
    parts.push(label((LEFT + RIGHT) / 2, y, `⋮ ${text}`, COLORS.plain, 'middle'))
    if (meaning !== '') {
      parts.push(label(MEANING, y, meaning, COLORS.plain))
      texts.push(meaning)
    }
    y += ROW
  }
  for (const row of ladder.rows) {
    const { from, to } = rowTimes(row)
    if (last !== undefined && from - last >= GAP_NANOS) gap(formatMs((from - last) / NANOS_PER_MS))
    last = to
    if ('skip' in row) {
      gap(count(row.skip.packets, 'packet'), skipMeaning(row.skip))
      continue
    }
    const { step } = row
    const color = COLORS[step.tone]
    const time = ((step.at - origin) / NANOS_PER_SECOND).toFixed(6)
    parts.push(label(LEFT - 12, y + 4, time, COLORS.plain, 'end'), arrow(step, y, color))
    if (step.label !== undefined) {
      const meaning = `${step.label}: ${step.text ?? ''}`
      parts.push(label(MEANING, y + 4, meaning, color))
      texts.push(meaning)
    }
    y += ROW
  }
  const height = y + 8
  const longest = Math.max(24, ...texts.map((text) => text.length))
  const width = Math.ceil(MEANING + longest * GLYPH + 16)
  const title = `flow ${ladder.flow}, ${ladder.proto}, ${started}, ${ladder.outcome}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="${FONT}">`,
    `<title>${escapeXml(title)}</title>`,
    markers(),
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    label(16, 20, title, '#24292f'),
    ...head(LEFT, ladder.clientProcess ?? 'client', endpointText(ladder.client), 'start'),
    ...head(RIGHT, ladder.serverProcess ?? 'server', endpointText(ladder.server), 'end'),
    ...[LEFT, RIGHT].map(
      (x) => `<line x1="${x}" y1="${HEAD - 18}" x2="${x}" y2="${height - 8}" stroke="#8c959f"/>`,
    ),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function head(x: number, name: string, address: string, anchor: 'start' | 'end'): string[] {
  return [label(x, 44, name, '#24292f', anchor), label(x, 60, address, COLORS.plain, anchor)]
}

/** Heads of the arrows, a marker for each colour: `context-stroke` is not known everywhere. */
function markers(): string {
  const shapes = Object.entries(COLORS).map(
    ([tone, color]) =>
      `<marker id="${tone}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="${color}"/></marker>`,
  )
  return `<defs>${shapes.join('')}</defs>`
}

function arrow({ fromClient, what, tone, dropped }: LadderStep, y: number, color: string): string {
  const [x1, x2] = fromClient ? [LEFT + 1, RIGHT - 2] : [RIGHT - 1, LEFT + 2]
  const head = dropped ? '' : ` marker-end="url(#${tone})"`
  const cross = dropped ? label(x2, y + 4, '✗', color, fromClient ? 'end' : 'start') : ''
  const line = `<line x1="${x1}" y1="${y}" x2="${x2}" y2="${y}" stroke="${color}"${head}/>${cross}`
  return `${line}${label((LEFT + RIGHT) / 2, y - 4, what, color, 'middle')}`
}

function label(x: number, y: number, text: string, color: string, anchor = 'start'): string {
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text x="${x}" y="${y}" fill="${color}"${place}>${escapeXml(text)}</text>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeXml(text: string): string {
  return sanitize(text).replace(/[&<>"]/g, (character) => ENTITIES[character]!)
}
