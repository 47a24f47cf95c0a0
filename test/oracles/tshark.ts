import { FILE } from '../support/tool-output.ts'
import { countCheckSequence } from './counted-check-sequence.ts'
import type { Oracle } from './facts.ts'

/** Display fields in the order of their bits in `TsharkFacts.flags`. */
export const FLAGS = [
  'retransmission',
  'fast_retransmission',
  'spurious_retransmission',
  'out_of_order',
  'lost_segment',
  'ack_lost_segment',
  'duplicate_ack',
  'zero_window',
  'zero_window_probe',
  'zero_window_probe_ack',
  'window_update',
  'window_full',
  'keep_alive',
  'keep_alive_ack',
  'reused_ports',
] as const

/** Figures of `tcp.analysis.*`; times in nanoseconds. */
const FIGURES = ['duplicate_ack_num', 'bytes_in_flight', 'ack_rtt', 'rto'] as const
const TIMES: readonly string[] = ['ack_rtt', 'rto']

/** Frame number, then the figure, over and over; frame numbers as the distance from the one before. */
export type Figures = number[]

export interface TsharkFacts {
  /** For each stream its first packet's `source port destination port`; of TCP quoted in ICMP errors empty. */
  readonly streams: string[]
  /**
   * Frames with TCP that is not quoted: stream * 2, plus 1 for packets to the first one's sender, in base 36;
   * before it `+n` where n frames without TCP were passed over.
   */
  readonly packets: string
  /** Sets of `FLAGS`, where there are any. */
  readonly flags: Figures
  readonly figures: { readonly [figure in (typeof FIGURES)[number]]: Figures }
  /** Initial round trip time of each stream, -1 where unknown. */
  readonly initialRtt: number[]
}

const FIELDS = [
  'frame.number',
  'frame.protocols',
  'tcp.stream',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.analysis.initial_rtt',
  ...FIGURES.map((name) => `tcp.analysis.${name}`),
  ...FLAGS.map((name) => `tcp.analysis.${name}`),
]

const FIRST_FLAG = FIELDS.indexOf(`tcp.analysis.${FLAGS[0]}`)

/** Its frames end with the IP packet; tshark takes every FabricPath frame to end with its check sequence. */
const WITHOUT_CHECK_SEQUENCE = 'cisco-fabric-path.pcap'

/** Reassembling application data would merge packets; all else is as it comes. */
export const TSHARK: Oracle<TsharkFacts> = {
  tool: 'tshark',
  version: '4.0.17',
  versionArgs: ['--version'],
  args: [
    ...['-n', '-o', 'tcp.desegment_tcp_streams:FALSE', '-r', FILE, '-Y', 'tcp', '-T', 'fields'],
    ...FIELDS.flatMap((field) => ['-e', field]),
  ],
  given: (path) => (path.endsWith(WITHOUT_CHECK_SEQUENCE) ? countCheckSequence(path) : path),
  distil,
}

function distil(output: string): TsharkFacts {
  const streams: string[] = []
  const initialRtt: number[] = []
  const packets: string[] = []
  const flagged: Figures = []
  const figures = { duplicate_ack_num: [], bytes_in_flight: [], ack_rtt: [], rto: [] } satisfies {
    [name: string]: Figures
  }
  const last = new Map<Figures, number>()
  const add = (to: Figures, frame: number, value: number) => {
    to.push(frame - (last.get(to) ?? 0), value)
    last.set(to, frame)
  }
  let before = 0
  for (const line of output.split('\n')) {
    if (line === '') continue
    const fields = line.split('\t')
    const value = (name: string) => lastOf(fields[FIELDS.indexOf(name)]!)
    const frame = Number(fields[0])
    const layers = fields[1]!.split(':')
    const outside = layers.slice(0, layers.lastIndexOf('tcp'))
    // A header that was cut belongs to no stream.
    if (value('tcp.stream') === '') continue
    const stream = Number(value('tcp.stream'))
    initialRtt[stream] ??= -1
    if (outside.some((layer) => layer.startsWith('icmp'))) {
      streams[stream] ??= ''
      continue
    }
    const [source, destination] = endpoints(value, outside)
    streams[stream] ??= `${source} ${destination}`
    const direction = streams[stream]!.startsWith(`${source} `) ? 0 : 1
    if (frame !== before + 1) packets.push(`+${frame - before - 1}`)
    before = frame
    packets.push((stream * 2 + direction).toString(36))
    const rtt = value('tcp.analysis.initial_rtt')
    if (rtt !== '') initialRtt[stream] = nanos(rtt)
    let flags = 0
    FLAGS.forEach((_, bit) => {
      if (fields[FIRST_FLAG + bit] !== '') flags |= 1 << bit
    })
    if (flags !== 0) add(flagged, frame, flags)
    for (const name of FIGURES) {
      const text = value(`tcp.analysis.${name}`)
      if (text !== '') add(figures[name], frame, TIMES.includes(name) ? nanos(text) : Number(text))
    }
  }
  return { streams, packets: packets.join(' '), flags: flagged, figures, initialRtt }
}

/** A field of an encapsulated packet has a value for each layer: the innermost is meant. */
const lastOf = (values: string) => values.slice(values.lastIndexOf(',') + 1)

const nanos = (seconds: string) => Math.round(Number(seconds) * 1e9)

function endpoints(value: (name: string) => string, outside: readonly string[]): [string, string] {
  const family = outside.lastIndexOf('ip') > outside.lastIndexOf('ipv6') ? 'ip' : 'ipv6'
  return [
    `${value(`${family}.src`)} ${value('tcp.srcport')}`,
    `${value(`${family}.dst`)} ${value('tcp.dstport')}`,
  ]
}

/** Frame → figure. */
export function byFrame(figures: Figures): Map<number, number> {
  const map = new Map<number, number>()
  let frame = 0
  for (let i = 0; i < figures.length; i += 2) {
    frame += figures[i]!
    map.set(frame, figures[i + 1]!)
  }
  return map
}

/** Frame → `source port destination port`, of every frame with TCP. */
export function packetsOf({ packets, streams }: TsharkFacts): Map<number, string> {
  const map = new Map<number, string>()
  let frame = 0
  for (const word of packets === '' ? [] : packets.split(' ')) {
    if (word.startsWith('+')) {
      frame += Number(word)
      continue
    }
    const code = Number.parseInt(word, 36)
    const tuple = streams[code >> 1]!
    const [source, sourcePort, destination, destinationPort] = tuple.split(' ')
    map.set(++frame, code & 1 ? `${destination} ${destinationPort} ${source} ${sourcePort}` : tuple)
  }
  return map
}
