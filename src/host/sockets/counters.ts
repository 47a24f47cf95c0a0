import { readFileSync } from 'node:fs'
import { COUNTERS, type CountersRecord, parseCounters, parseSockstat } from '../../sockets/counters.ts'
import { InetRow } from '../../sockets/inet-row.ts'
import { stateName } from '../../sockets/sock-diag.ts'
import { formatIpv4, formatIpv6 } from '../../wire/address.ts'
import { ephemeralPorts } from '../names.ts'
import { currentNetns } from '../netns.ts'
import { readParts } from './socket-table.ts'

const NET = '/proc/thread-self/net'

/** The counters of the calling thread's network namespace. */
export function readCounters(): CountersRecord {
  const known = new Map([...parseCounters(read(`${NET}/snmp`)), ...parseCounters(read(`${NET}/netstat`))])
  const counters: Record<string, number> = {}
  for (const { name } of COUNTERS) {
    const value = known.get(name)
    if (value !== undefined) counters[name] = value
  }
  const conntrack = numberIn('/proc/sys/net/netfilter/nf_conntrack_count')
  const conntrackMax = numberIn('/proc/sys/net/netfilter/nf_conntrack_max')
  const { states, busiest } = countTcp()
  const [low, high] = ephemeralPorts()
  return {
    type: 'counters',
    netns: currentNetns(),
    states,
    sockets: socketCounts(),
    limits: {
      time_wait_max: numberIn('/proc/sys/net/ipv4/tcp_max_tw_buckets') ?? null,
      ...(conntrack !== undefined && { conntrack }),
      ...(conntrackMax !== undefined && { conntrack_max: conntrackMax }),
      ephemeral_ports: high - low + 1,
      ...(busiest !== undefined && { busiest_destination: busiest }),
    },
    counters,
  }
}

function socketCounts(): Record<string, number> {
  const sockets: Record<string, number> = {}
  const v4 = parseSockstat(read(`${NET}/sockstat`))
  const v6 = parseSockstat(read(`${NET}/sockstat6`))
  for (const kind of ['TCP', 'UDP', 'UDPLITE', 'RAW', 'FRAG'])
    sockets[kind.toLowerCase()] = (v4.get(kind)?.['inuse'] ?? 0) + (v6.get(`${kind}6`)?.['inuse'] ?? 0)
  const { orphan = 0, tw = 0, alloc = 0, mem = 0 } = v4.get('TCP') ?? {}
  return { ...sockets, tcp_orphaned: orphan, tcp_time_wait: tw, tcp_allocated: alloc, tcp_memory: mem }
}

/** TCP sockets by state; the destination to which most local ports of the ephemeral range are in use. */
function countTcp(): {
  states: Record<string, number>
  busiest: CountersRecord['limits']['busiest_destination']
} {
  const states: Record<string, number> = {}
  const destinations = new Map<string, number>()
  const [low, high] = ephemeralPorts()
  const view = new InetRow()
  for (const part of readParts({ tables: ['tcp'] }).parts) {
    if (!('rows' in part)) continue
    for (let row = 0; row < part.rows.count; row++) {
      if (!view.at(part.rows, row)) continue
      const state = stateName(view.state, true)
      if (state === undefined) continue
      states[state] = (states[state] ?? 0) + 1
      if (state === 'LISTEN' || view.sourcePort < low || view.sourcePort > high) continue
      const key = `${destinationOf(view)} ${view.destinationPort}`
      destinations.set(key, (destinations.get(key) ?? 0) + 1)
    }
  }
  let busiest: [string, number] | undefined
  for (const entry of destinations) if (busiest === undefined || entry[1] > busiest[1]) busiest = entry
  if (busiest === undefined) return { states, busiest: undefined }
  const [addr, port] = busiest[0].split(' ')
  return { states, busiest: { addr: addr!, port: Number(port), ports_used: busiest[1] } }
}

function destinationOf(row: InetRow): string {
  if (row.ipv4) return formatIpv4(row.destinationWord(0))
  return formatIpv6(
    row.destinationWord(0),
    row.destinationWord(1),
    row.destinationWord(2),
    row.destinationWord(3),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function numberIn(path: string): number | undefined {
  const text = read(path).trim()
  return text === '' ? undefined : Number(text)
}
