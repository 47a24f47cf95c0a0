import type { FlowSide } from '../../src/flow/record.ts'
import { formatAddress, parseAddress } from '../../src/wire/address.ts'
import type { Fed } from '../support/feed.ts'
import { groupBy } from './group.ts'
import type { Tally } from './tally.ts'
import { type Column, figure, type TcptraceConnection } from './tcptrace.ts'

/** tcptrace prints tenths of a millisecond; the tiny rest is floating point. */
const TENTH = 0.0501

/** Divides by this more than the number of samples, so that it never divides by 0. */
const AVERAGE_EXTRA = 0.0001

export interface TcptraceTallies {
  /** Connections that both know, one for one. */
  readonly connections: Tally
  /** Packets, resets, payload bytes. */
  readonly volume: Tally
  readonly retransmitted: Tally
  readonly roundTrips: Tally
}

export function compareTcptrace(
  tallies: TcptraceTallies,
  file: string,
  fed: Fed,
  facts: readonly TcptraceConnection[],
): void {
  const theirs = groupBy(facts, ([tuple]) => pair(...(tuple.split(' ') as [string, string, string, string])))
  const ours = groupBy(fed.records, ({ client, server }) =>
    pair(client.addr, `${client.port}`, server.addr, `${server.port}`),
  )
  for (const [key, connections] of theirs) {
    const records = ours.get(key) ?? []
    tallies.connections.compare(file, `connections ${key}`, records.length, connections.length)
    if (records.length !== connections.length) continue
    connections.forEach(([tuple, a, b], i) => {
      const { client, server } = records[i]!
      const [host, port] = tuple.split(' ') as [string, string]
      const isClient = canonical(host) === client.addr && Number(port) === client.port
      compareSide(tallies, file, `${key} #${i} a→b`, isClient ? client : server, a)
      compareSide(tallies, file, `${key} #${i} b→a`, isClient ? server : client, b)
    })
  }
}

function compareSide(
  tallies: TcptraceTallies,
  file: string,
  at: string,
  ours: FlowSide,
  theirs: readonly number[],
): void {
  const { volume, retransmitted, roundTrips } = tallies
  const exact = (tally: Tally, name: Column, value: number) =>
    tally.compare(file, `${at} ${name}`, value, figure(theirs, name))
  exact(volume, 'total_packets', ours.packets)
  exact(volume, 'resets_sent', ours.resets)
  exact(volume, 'actual_data_bytes', ours.wire_bytes)
  exact(volume, 'unique_bytes_sent', ours.unique_bytes)
  exact(retransmitted, 'rexmt_data_pkts', ours.rexmt_packets)
  exact(retransmitted, 'rexmt_data_bytes', ours.rexmt_bytes)
  const { samples, min, avg, max, stddev } = ours.rtt_ms ?? { samples: 0, min: 0, avg: 0, max: 0, stddev: 0 }
  const rounded = (name: Column, value: number) =>
    roundTrips.compareWithin(file, `${at} ${name}`, value, figure(theirs, name), TENTH)
  exact(roundTrips, 'RTT_samples', samples)
  rounded('RTT_min', min)
  rounded('RTT_max', max)
  rounded('RTT_avg', samples === 0 ? 0 : (avg * samples) / (samples + AVERAGE_EXTRA))
  // It needs three samples before it gives one.
  rounded('RTT_stdev', samples < 3 ? 0 : stddev)
}

/** Both ends in a fixed order. */
function pair(host: string, port: string, otherHost: string, otherPort: string): string {
  return [`${canonical(host)} ${port}`, `${canonical(otherHost)} ${otherPort}`].sort().join(' ')
}

/** tcptrace writes IPv6 groups with leading zeros, and one colon where two belong at the beginning. */
function canonical(host: string): string {
  const address = parseAddress(/^:[^:]/.test(host) ? `:${host}` : host)
  return address === undefined ? host : formatAddress(address.family, address.words)
}
