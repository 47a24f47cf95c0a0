import type { FlowRecord } from '../../src/flow/record.ts'
import type { Fed } from '../support/feed.ts'
import type { Tally } from './tally.ts'

export interface ZeekTallies {
  readonly states: Tally
  readonly histories: Tally
  /** Bytes, packets and missed bytes. */
  readonly volume: Tally
}

/** Zeek's own baseline rows of one capture: a column for each field of conn.log. */
export function compareZeek(
  tallies: ZeekTallies,
  file: string,
  fed: Fed,
  rows: readonly Record<string, string>[],
): void {
  for (const row of rows) {
    const tuple = `${row['id.orig_h']} ${row['id.orig_p']} ${row['id.resp_h']} ${row['id.resp_p']}`
    const flow = fed.records.find(
      ({ client, server }) => `${client.addr} ${client.port} ${server.addr} ${server.port}` === tuple,
    )
    // One baseline was made without that column.
    if (row['conn_state'] !== '')
      tallies.states.compare(file, `${tuple} conn_state`, flow?.conn_state ?? 'no flow', row['conn_state']!)
    if (flow === undefined) continue
    tallies.histories.compare(file, `${tuple} history`, flow.history, row['history']!)
    for (const [name, value] of Object.entries(volume(flow)))
      if (/^\d+$/.test(row[name] ?? '')) tallies.volume.compare(file, `${tuple} ${name}`, value, row[name]!)
  }
}

const volume = ({ client, server, missed_bytes }: FlowRecord) => ({
  orig_bytes: client.bytes,
  resp_bytes: server.bytes,
  orig_pkts: client.packets,
  resp_pkts: server.packets,
  missed_bytes,
})

/** Arkime's expected sessions of one capture: packets of each side, payload bytes of each side counted once. */
export function compareArkime(
  tally: Tally,
  file: string,
  fed: Fed,
  rows: readonly Record<string, string>[],
): void {
  for (const row of rows) {
    const source = `${row['src_ip']} ${row['src_port']}`
    const destination = `${row['dst_ip']} ${row['dst_port']}`
    const name = ({ addr, port }: FlowRecord['client']) => `${addr} ${port}`
    const flow = fed.records.find(({ client, server }) =>
      [`${name(client)} ${name(server)}`, `${name(server)} ${name(client)}`].includes(
        `${source} ${destination}`,
      ),
    )
    const [from, to] =
      flow === undefined || name(flow.client) === source
        ? [flow?.client, flow?.server]
        : [flow.server, flow.client]
    const at = `${source} ${destination}`
    tally.compare(file, `${at} src_packets`, from?.packets ?? 'no flow', row['src_packets']!)
    tally.compare(file, `${at} dst_packets`, to?.packets ?? 'no flow', row['dst_packets']!)
    tally.compare(file, `${at} client_bytes`, from?.unique_bytes ?? 'no flow', row['client_bytes']!)
    tally.compare(file, `${at} server_bytes`, to?.unique_bytes ?? 'no flow', row['server_bytes']!)
  }
}
