import { byListener, exposureOf, waitsForAccept } from '../sockets/listeners.ts'
import type { SocketRecord } from '../sockets/socket.ts'
import { cutEnd } from './cell-width.ts'
import { type EndpointNames, endpointText, netidText, ownersText } from './socket-text.ts'
import { type Style, stateStyle } from './style.ts'
import { count } from './units.ts'

const EXPOSURES = {
  loopback: 'this machine only',
  address: 'one address',
  everywhere: 'every address',
} as const

/**
 * Listeners with the connections that came in through them, those that wait to be accepted marked; then every other
 * socket.
 */
export function renderTree(
  records: readonly SocketRecord[],
  names: EndpointNames,
  style: Style,
  width: number | undefined,
): string {
  const { listeners, others } = byListener(records)
  const lines: string[] = []
  for (const [listener, connections] of listeners) {
    lines.push(listenerLine(listener, names))
    for (const [index, connection] of connections.entries())
      lines.push(`${index === connections.length - 1 ? '└─' : '├─'} ${childLine(connection, names)}`)
  }
  if (others.length > 0) {
    lines.push(`Others: ${count(others.length, 'socket')}`)
    for (const [index, record] of others.entries())
      lines.push(`${index === others.length - 1 ? '└─' : '├─'} ${otherLine(record, names)}`)
  }
  const shown = lines.map((line) => (width === undefined ? line : cutEnd(line, width)))
  return shown.map((line) => `${paint(line, style)}\n`).join('')
}

function listenerLine(record: SocketRecord, names: EndpointNames): string {
  const { netid, listen } = record
  const queue = listen === undefined ? '' : `  accept queue ${listen.accept_queue}/${listen.backlog}`
  const half = listen?.syn_queue ? `, ${listen.syn_queue} half open` : ''
  const reach = netid === 'unix' ? '' : `  (${EXPOSURES[exposureOf(record)]})`
  const owner = ownersText(record)
  return `${netidText(record)} LISTEN ${endpointText(record, 'local', names)}${reach}${queue}${half}${owner && `  ${owner}`}`
}

function childLine(record: SocketRecord, names: EndpointNames): string {
  const owner = waitsForAccept(record) ? 'waits to be accepted' : ownersText(record)
  return `${record.state} ${endpointText(record, 'remote', names)}${queues(record)}${owner && `  ${owner}`}`
}

function otherLine(record: SocketRecord, names: EndpointNames): string {
  const ends = `${endpointText(record, 'local', names)} → ${endpointText(record, 'remote', names)}`
  const owner = ownersText(record)
  return `${netidText(record)} ${record.state} ${ends}${queues(record)}${owner && `  ${owner}`}`
}

function queues({ recv_q, send_q }: SocketRecord): string {
  return recv_q === 0 && send_q === 0 ? '' : `  recv-q ${recv_q} send-q ${send_q}`
}

/** Colours the state's word, where the line still has it whole. */
function paint(line: string, style: Style): string {
  if (!style.color) return line
  return line.replace(
    /^(\S+ )(\S+ )?([A-Z_0-9]{5,})(?= )/,
    (_, first: string, second = '', state: string) => `${first}${second}${stateStyle(style, state)(state)}`,
  )
}
