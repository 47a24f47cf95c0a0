import { COUNTERS, type CountersRecord } from '../sockets/counters.ts'
import type { Style } from './style.ts'
import { stateStyle } from './style.ts'

/** The summary of `list -s`: TCP by state, sockets by kind, limits, then every counter that is not 0. */
export function renderCounters(record: CountersRecord, style: Style): string {
  const { states, sockets, limits, counters } = record
  const tcp = Object.entries(states)
    .sort((a, b) => b[1] - a[1])
    .map(([state, count]) => `${stateStyle(style, state)(state)} ${count}`)
  const kinds = ['tcp', 'udp', 'udplite', 'raw'].map((kind) => `${kind} ${sockets[kind] ?? 0}`)
  const lines = [
    `${style.bold('TCP')}      ${tcp.length === 0 ? 'none' : tcp.join(', ')}`,
    `${style.bold('Sockets')}  in use: ${kinds.join(', ')}; orphaned ${sockets['tcp_orphaned']}, memory ${sockets['tcp_memory']} pages`,
    `${style.bold('Limits')}   ${limitWords(record, limits).join(', ')}`,
    '',
  ]
  const moved = COUNTERS.filter(({ name }) => (counters[name] ?? 0) !== 0)
  const width = Math.max(0, ...moved.map(({ name }) => name.length))
  const digits = Math.max(0, ...moved.map(({ name }) => String(counters[name]).length))
  for (const { name, means } of moved)
    lines.push(`${name.padEnd(width)}  ${String(counters[name]).padStart(digits)}  ${style.dim(means)}`)
  return `${lines.join('\n')}\n`
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
