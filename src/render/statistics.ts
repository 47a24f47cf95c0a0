import type { Outcome } from '../flow/record.ts'
import {
  type Conversation,
  RTT_BOUNDS,
  type RttSummary,
  type Statistics,
  type Talker,
} from '../flow/statistics.ts'
import type { Column } from './columns.ts'
import { endpointText } from './line.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { count, formatBytes, formatMs } from './units.ts'

export interface RttObject {
  readonly samples: number
  readonly min: number
  readonly avg: number
  readonly max: number
}

/** The `statistics` object of the JSON contract. */
export interface StatisticsObject {
  readonly type: 'statistics'
  readonly flows: { readonly tcp: number; readonly udp: number; readonly icmp: number }
  readonly packets: number
  readonly bytes: number
  readonly wire_bytes: number
  readonly missed_bytes: number
  readonly outcomes: { readonly [outcome: string]: number }
  readonly conn_states: { readonly [state: string]: number }
  /** TCP endpoints by the state in which their flow's record was made. */
  readonly states: { readonly [state: string]: number }
  readonly troubles: { readonly [name: string]: number }
  /** Segments sent again, of all TCP segments; `null` without any. */
  readonly retransmission_rate: number | null
  /** Segment to acknowledgement. */
  readonly rtt_ms?: RttObject
  /** SYN to third ACK; `le` is a bucket's upper bound, `null` for the rest. */
  readonly handshake_rtt_ms?: RttObject & {
    readonly histogram: readonly { le: number | null; count: number }[]
  }
  readonly conversations: readonly Conversation[]
  readonly endpoints: readonly Talker[]
  readonly services: readonly Talker[]
  /** So many that the smallest of `endpoints` and `services` may be counted short. */
  readonly approximate?: true
}

function rttObject({ samples, min, avg, max }: RttSummary): RttObject {
  return { samples, min, avg, max }
}

export function statisticsObject(statistics: Statistics, most: number): StatisticsObject {
  const { flows, packets, bytes, wireBytes, missedBytes, roundTrips, handshakes, histogram } = statistics
  const { endpoints, services } = statistics
  return {
    type: 'statistics',
    flows,
    packets,
    bytes,
    wire_bytes: wireBytes,
    missed_bytes: missedBytes,
    outcomes: Object.fromEntries(statistics.outcomes),
    conn_states: Object.fromEntries(statistics.connStates),
    states: Object.fromEntries(statistics.states),
    troubles: Object.fromEntries(statistics.troubles),
    retransmission_rate: retransmissionRate(statistics),
    ...(roundTrips.samples > 0 && { rtt_ms: rttObject(roundTrips) }),
    ...(handshakes.samples > 0 && {
      handshake_rtt_ms: {
        ...rttObject(handshakes),
        histogram: histogram.map((count, i) => ({ le: RTT_BOUNDS[i] ?? null, count })),
      },
    }),
    conversations: statistics.conversations.slice(0, most),
    endpoints: endpoints.top(most),
    services: services.top(most),
    ...((endpoints.approximate || services.approximate) && { approximate: true as const }),
  }
}

function retransmitted({ troubles }: Statistics): number {
  return (
    troubles.get('retransmissions')! +
    troubles.get('fast_retransmissions')! +
    troubles.get('spurious_retransmissions')!
  )
}

function retransmissionRate(statistics: Statistics): number | null {
  return statistics.tcpPackets === 0 ? null : retransmitted(statistics) / statistics.tcpPackets
}

export interface StatisticsFormat {
  readonly style: Style
  /** Cells of the terminal. */
  readonly width: number
  /** Rows of each table. */
  readonly rows: number
}

const CONVERSATION_COLUMNS: readonly Column<Conversation>[] = [
  { name: 'flow', header: 'Flow', align: 'right', text: ({ flow }) => String(flow) },
  { name: 'proto', header: 'Proto', text: ({ proto }) => proto },
  { name: 'client', header: 'Client', text: ({ client }) => endpointText(client), cut: 'middle', min: 12 },
  { name: 'server', header: 'Server', text: ({ server }) => endpointText(server), cut: 'middle', min: 12 },
  { name: 'packets', header: 'Packets', align: 'right', spare: true, text: ({ packets }) => String(packets) },
  { name: 'sent', header: 'Sent', align: 'right', text: ({ client_bytes }) => formatBytes(client_bytes) },
  { name: 'got', header: 'Got', align: 'right', text: ({ server_bytes }) => formatBytes(server_bytes) },
  {
    name: 'duration',
    header: 'Duration',
    align: 'right',
    spare: true,
    text: ({ duration_ms }) => formatMs(duration_ms),
  },
  {
    name: 'outcome',
    header: 'Outcome',
    text: ({ outcome }) => outcome,
    paint: (cell, { outcome }, style) => outcomeStyle(style, outcome)(cell),
  },
]

const TALKER_COLUMNS: readonly Column<Talker>[] = [
  {
    name: 'address',
    header: 'Address',
    text: ({ addr, port }) => (port === undefined ? addr : endpointText({ addr, port })),
    cut: 'middle',
    min: 16,
  },
  { name: 'flows', header: 'Flows', align: 'right', text: ({ flows }) => String(flows) },
  {
    name: 'failed',
    header: 'Failed',
    align: 'right',
    text: ({ failed }) => (failed === 0 ? '-' : String(failed)),
  },
  {
    name: 'packets',
    header: 'Packets',
    align: 'right',
    spare: true,
    text: ({ packets_sent, packets_received }) => String(packets_sent + packets_received),
  },
  { name: 'sent', header: 'Sent', align: 'right', text: ({ bytes_sent }) => formatBytes(bytes_sent) },
  { name: 'got', header: 'Got', align: 'right', text: ({ bytes_received }) => formatBytes(bytes_received) },
  {
    name: 'again',
    header: 'Sent again',
    align: 'right',
    spare: true,
    text: ({ retransmissions }) => (retransmissions === 0 ? '-' : String(retransmissions)),
  },
]

function outcomeStyle(style: Style, outcome: Outcome): (text: string) => string {
  if (outcome === 'refused' || outcome === 'timeout' || outcome === 'unreachable') return style.bad
  return outcome === 'reset' ? style.warn : style.good
}

/** Totals, the histogram of the handshakes, then three tables, each with its largest rows only. */
export function statisticsText(statistics: Statistics, format: StatisticsFormat): string {
  const { style, width, rows } = format
  const table = { header: true, style, width }
  const { conversations, endpoints, services } = statistics
  const sections = [totalsText(statistics, style), histogramText(statistics, style)]
  const flows = statistics.flows.tcp + statistics.flows.udp + statistics.flows.icmp
  if (flows > 0) {
    sections.push(
      `${style.bold(title('Conversations', Math.min(rows, conversations.length), flows))}\n` +
        renderTable(conversations.slice(0, rows), CONVERSATION_COLUMNS, table),
    )
    for (const [name, talkers] of [
      ['Endpoints', endpoints],
      ['Services', services],
    ] as const)
      if (talkers.size > 0)
        sections.push(
          `${style.bold(title(name, Math.min(rows, talkers.size), talkers.size))}\n` +
            renderTable(talkers.top(rows), TALKER_COLUMNS, table),
        )
  }
  return sections.filter((section) => section !== '').join('\n')
}

/** `Endpoints, the 10 with most payload of 25`. */
function title(name: string, shown: number, all: number): string {
  return shown === all ? `${name}, most payload first` : `${name}, the ${shown} with most payload of ${all}`
}

function totalsText(statistics: Statistics, style: Style): string {
  const { flows, packets, bytes, wireBytes, missedBytes, troubles, roundTrips } = statistics
  const protocols = Object.entries(flows).filter(([, number]) => number > 0)
  const lines: [label: string, value: string][] = [
    ['Flows', protocols.length === 0 ? 'none' : protocols.map(([name, n]) => `${n} ${name}`).join(', ')],
    [
      'Packets',
      `${packets} in flows, ${formatBytes(wireBytes)} payload sent, streams of ${formatBytes(bytes)}`,
    ],
  ]
  if (missedBytes > 0) lines.push(['Missed', `${formatBytes(missedBytes)} acknowledged but not captured`])
  const counts = (entries: Iterable<readonly [string, number]>): string =>
    [...entries]
      .filter(([, number]) => number > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')
  lines.push(['Outcomes', counts(statistics.outcomes)], ['conn_state', counts(statistics.connStates)])
  lines.push(['States', counts(statistics.states)])
  const rate = retransmissionRate(statistics)
  if (rate !== null) {
    const again = retransmitted(statistics)
    const percent = `${(rate * 100).toFixed(2)} %`
    lines.push(['Sent again', `${again} of ${count(statistics.tcpPackets, 'TCP segment')} (${percent})`])
    lines.push(['Troubles', counts(troubles).replaceAll('_', ' ')])
  }
  if (roundTrips.samples > 0) lines.push(['Round trips', rttText(roundTrips)])
  return lines
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${style.dim(label.padEnd(12))}${value}\n`)
    .join('')
}

function rttText({ samples, min, avg, max }: RttSummary): string {
  return `${formatMs(min)} at least, ${formatMs(avg)} on average, ${formatMs(max)} at most, ${count(samples, 'sample')}`
}

/** Cells of the longest bar. */
const BAR = 40

function histogramText({ handshakes, histogram }: Statistics, style: Style): string {
  if (handshakes.samples === 0) return ''
  const first = histogram.findIndex((number) => number > 0)
  const last = histogram.findLastIndex((number) => number > 0)
  const most = Math.max(...histogram)
  const lines = [style.bold(`Handshake round trips: ${rttText(handshakes)}`)]
  for (let bucket = first; bucket <= last; bucket++) {
    const bound = RTT_BOUNDS[bucket]
    const label = bound === undefined ? `> ${RTT_BOUNDS.at(-1)} ms` : `≤ ${bound} ms`
    const number = histogram[bucket]!
    const bar = '█'.repeat(number === 0 ? 0 : Math.max(1, Math.round((number / most) * BAR)))
    lines.push(`${label.padStart(10)}  ${style.info(bar)}${bar === '' ? '' : ' '}${number}`)
  }
  return `${lines.join('\n')}\n`
}
