import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Fed } from '../support/feed.ts'
import type { Tally } from './tally.ts'
import { byFrame, FLAGS, packetsOf, type TsharkFacts } from './tshark.ts'

/** Most captures have no finer clock. */
const NANOS_OF_MICROSECOND = 1000

type Flag = (typeof FLAGS)[number]

/** Fast and spurious retransmissions are retransmissions too. */
const FLAGS_OF: { readonly [event in FlowEvent['event']]?: readonly Flag[] } = {
  retransmission: ['retransmission'],
  fast_retransmission: ['retransmission', 'fast_retransmission'],
  spurious_retransmission: ['retransmission', 'spurious_retransmission'],
  out_of_order: ['out_of_order'],
  lost_segment: ['lost_segment'],
  acked_unseen: ['ack_lost_segment'],
  dup_ack: ['duplicate_ack'],
  zero_window: ['zero_window'],
  zero_window_probe: ['zero_window_probe'],
  zero_window_probe_ack: ['zero_window_probe_ack'],
  window_update: ['window_update'],
  window_full: ['window_full'],
  keep_alive: ['keep_alive'],
  keep_alive_ack: ['keep_alive_ack'],
  port_reused: ['reused_ports'],
}

export interface TsharkTallies {
  readonly streams: Tally
  /** Sets of flags of all TCP packets. */
  readonly flags: Tally
  /** The same of those that one of the two flags. */
  readonly flagged: Tally
  readonly dupAckNumbers: Tally
  readonly initialRtt: Tally
}

export function compareTshark(tallies: TsharkTallies, file: string, fed: Fed, facts: TsharkFacts): void {
  const { streams, flags, flagged, dupAckNumbers, initialRtt } = tallies
  const theirStreams = facts.streams.map((tuple, index) => ({ tuple, index })).filter(({ tuple }) => tuple)
  for (let i = 0; i < Math.max(theirStreams.length, fed.records.length); i++)
    streams.compare(file, `stream ${i}`, ourTuple(fed.records[i]), sorted(theirStreams[i]?.tuple))

  const ours = new Map<number, number>()
  const numbers = new Map<number, number>()
  for (const event of fed.events) {
    if (event.packet === undefined) continue
    let mask = ours.get(event.packet) ?? 0
    for (const flag of FLAGS_OF[event.event] ?? []) mask |= 1 << FLAGS.indexOf(flag)
    ours.set(event.packet, mask)
    if (event.event === 'dup_ack') numbers.set(event.packet, event.n)
  }
  const theirs = byFrame(facts.flags)
  const theirNumbers = byFrame(facts.figures.duplicate_ack_num)
  for (const frame of packetsOf(facts).keys()) {
    const [our, their] = [ours.get(frame) ?? 0, theirs.get(frame) ?? 0]
    flags.compare(file, `frame ${frame}`, flagNames(our), flagNames(their))
    if (our | their) flagged.compare(file, `frame ${frame}`, flagNames(our), flagNames(their))
    const [n, theirN] = [numbers.get(frame), theirNumbers.get(frame)]
    if (n !== undefined && theirN !== undefined) dupAckNumbers.compare(file, `frame ${frame}`, n, theirN)
  }

  theirStreams.forEach(({ index }, i) => {
    const rtt = fed.records[i]?.handshake?.rtt_ms
    const nanos = facts.initialRtt[index]!
    // Ours is empty where a SYN or SYN+ACK was sent again: then it is no round trip time (Karn).
    if (rtt === undefined || rtt === null || nanos < 0) return
    initialRtt.compareWithin(file, `stream ${i} initial_rtt`, rtt * 1e6, nanos, NANOS_OF_MICROSECOND)
  })
}

function flagNames(mask: number): string {
  return FLAGS.filter((_, bit) => mask & (1 << bit)).join(' ') || 'nothing'
}

/** Both ends in a fixed order: who is the client is no matter of the stream. */
function sorted(tuple: string | undefined): string {
  if (tuple === undefined) return 'none'
  const [source, sourcePort, destination, destinationPort] = tuple.split(' ')
  return [`${source} ${sourcePort}`, `${destination} ${destinationPort}`].sort().join(' ')
}

function ourTuple(record: FlowRecord | undefined): string {
  if (record === undefined) return 'none'
  const { client, server } = record
  return sorted(`${client.addr} ${client.port} ${server.addr} ${server.port}`)
}
