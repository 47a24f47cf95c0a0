import { COUNTERS, type CountersRecord } from '../sockets/counters.ts'
import { cutEnd } from './cell-width.ts'
import { type Style, stateStyle } from './style.ts'

const LABEL = 9

/**
 * The summary of `list -s`: TCP by state, sockets by kind, limits, then every counter that is not 0. A record with
 * rates shows those that moved, with how fast. Lines are cut to `width` cells.
 */
export function renderCounters(record: CountersRecord, style: Style, width?: number): string {
  const { states, sockets, limits } = record
  const fit = (text: string): string => (width === undefined ? text : cutEnd(text, width))
  const labelled = (label: string, text: string): string => {
    const line = fit(label.padEnd(LABEL) + text)
    return style.bold(line.slice(0, label.length)) + line.slice(label.length)
  }
  const tcp = Object.entries(states)
    .sort((a, b) => b[1] - a[1])
    .map(([state, count]) => `${state} ${count}`)
  const kinds = ['tcp', 'udp', 'udplite', 'raw'].map((kind) => `${kind} ${sockets[kind] ?? 0}`)
  const inUse = `in use: ${kinds.join(', ')}; orphaned ${sockets['tcp_orphaned']}, memory ${sockets['tcp_memory']} pages`
  const lines = [
    labelled('TCP', tcp.join(', ') || 'none').replace(/[A-Z][A-Z_0-9]{4,}(?= \d)/g, (state) =>
      stateStyle(style, state)(state),
    ),
    labelled('Sockets', inUse),
    labelled('Limits', limitWords(record, limits).join(', ')),
    '',
  ]
  for (const { figures, means } of counterLines(record)) {
    const line = fit(figures + means)
    lines.push(line.slice(0, figures.length) + style.dim(line.slice(figures.length)))
  }
  return `${lines.join('\n')}\n`
}

/** Name, total and rate in columns, and what the counter says. */
function counterLines({ counters, rates, interval_s }: CountersRecord): { figures: string; means: string }[] {
  const moved = COUNTERS.filter(({ name }) => ((rates ?? counters)[name] ?? 0) !== 0)
  if (rates !== undefined && moved.length === 0)
    return [{ figures: '', means: `no counter moved in ${interval_s!.toFixed(1)} s` }]
  const totals = moved.map(({ name }) => String(counters[name]))
  const speeds = moved.map(({ name }) => (rates === undefined ? '' : `  ${rates[name]!.toFixed(1)}/s`))
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length))
  const [names, digits, speed] = [widest(moved.map(({ name }) => name)), widest(totals), widest(speeds)]
  return moved.map(({ name, means }, index) => ({
    figures: `${name.padEnd(names)}  ${totals[index]!.padStart(digits)}${speeds[index]!.padStart(speed)}  `,
    means,
  }))
}

function limitWords({ sockets }: CountersRecord, limits: CountersRecord['limits']): string[] {
  const words: string[] = []
  if (limits.time_wait_max !== null)
    words.push(`TIME_WAIT ${sockets['tcp_time_wait']} of ${limits.time_wait_max}`)
  if (limits.conntrack_max !== undefined)
    words.push(`conntrack ${limits.conntrack ?? 0} of ${limits.conntrack_max}`)
  const busiest = limits.busiest_destination
  const used =
    busiest === undefined ? '' : `, ${busiest.ports_used} used to ${busiest.addr} port ${busiest.port}`
  words.push(`${limits.ephemeral_ports} ports to connect from${used}`)
  return words
}
