import { skipMeaning } from './ladder.ts'
import { GAP_NANOS, type Ladder, type LadderStep, rowTimes } from './ladder-model.ts'
import { endpointText } from './line.ts'
import { sanitize } from './sanitize.ts'
import { count, formatMs } from './units.ts'

const NANOS_PER_MS = 1e6

/** A flow as a Mermaid sequence diagram, for Markdown that shows them. */
export function ladderMermaid(ladder: Ladder, started: string): string {
  const lines = ['sequenceDiagram']
  const participant = (id: string, process: string | undefined, address: string): string =>
    `  participant ${id} as ${process === undefined ? '' : `${escapeMermaid(process)}<br/>`}${escapeMermaid(address)}`
  lines.push(participant('C', ladder.clientProcess, endpointText(ladder.client)))
  lines.push(participant('S', ladder.serverProcess, endpointText(ladder.server)))
  const note = (text: string): string => `  Note over C,S: ${escapeMermaid(text)}`
  lines.push(note(`flow ${ladder.flow}, ${started}`))
  let last: number | undefined
  for (const row of ladder.rows) {
    const { from, to } = rowTimes(row)
    if (last !== undefined && from - last >= GAP_NANOS)
      lines.push(note(`${formatMs((from - last) / NANOS_PER_MS)} later`))
    last = to
    if ('step' in row) lines.push(message(row.step))
    else lines.push(note(`${count(row.skip.packets, 'packet')} more: ${skipMeaning(row.skip)}`))
  }
  lines.push(note(ladder.outcome))
  return `${lines.join('\n')}\n`
}

/** A cross instead of a head for what ends a connection before its time. */
function message({ what, fromClient, label, text, tone }: LadderStep): string {
  const head = tone === 'bad' ? '-x' : '->>'
  const route = fromClient ? `C${head}S` : `S${head}C`
  const words =
    label === undefined
      ? escapeMermaid(what)
      : `${escapeMermaid(what)} ${escapeMermaid(label)}<br/>${escapeMermaid(text ?? '')}`
  return `  ${route}: ${words}`
}

/** Everything but letters, digits and harmless signs as an entity code: `;`, `#`, `%` and `<` mean something. */
function escapeMermaid(text: string): string {
  return sanitize(text).replace(
    /[^\p{L}\p{N} .,:_/()[\]+=*'→⋮-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  )
}
