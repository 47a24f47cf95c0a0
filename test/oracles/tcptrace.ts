import { FILE } from '../support/tool-output.ts'
import type { Oracle } from './facts.ts'

/** Columns that are kept, without the direction at their end; times in milliseconds. */
export const COLUMNS = [
  'total_packets',
  'resets_sent',
  'actual_data_pkts',
  'actual_data_bytes',
  'unique_bytes_sent',
  'rexmt_data_pkts',
  'rexmt_data_bytes',
  'outoforder_pkts',
  'zwnd_probe_pkts',
  'zwnd_probe_bytes',
  'max_win_adv',
  'zero_win_adv',
  'mss_requested',
  'RTT_samples',
  'RTT_min',
  'RTT_max',
  'RTT_avg',
  'RTT_stdev',
] as const

export type Column = (typeof COLUMNS)[number]

/** `address port address port`, and the columns of both directions, the first packet's sender's first. */
export type TcptraceConnection = readonly [tuple: string, a: readonly number[], b: readonly number[]]

export const TCPTRACE: Oracle<readonly TcptraceConnection[]> = {
  tool: 'tcptrace',
  version: '6.6.7',
  versionArgs: ['-v'],
  args: ['-lnr', '--csv', FILE],
  distil,
}

/** Comment lines start with `#`; the header line of the table names the columns. */
function distil(output: string): readonly TcptraceConnection[] {
  const rows = output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').map((field) => field.trim()))
  const header = rows.findIndex(([first]) => first === 'conn_#')
  if (header < 0) return []
  const at = (name: string) => rows[header]!.indexOf(name)
  return rows.slice(header + 1).map((row) => {
    const side = (direction: string) => COLUMNS.map((name) => Number(row[at(`${name}_${direction}`)]))
    const tuple = ['host_a', 'port_a', 'host_b', 'port_b'].map((name) => row[at(name)]).join(' ')
    return [tuple, side('a2b'), side('b2a')]
  })
}

export const figure = (side: readonly number[], name: Column): number => side[COLUMNS.indexOf(name)]!
