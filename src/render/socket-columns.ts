import { exposureOf } from '../sockets/listeners.ts'
import type { SocketEndpoint, SocketRecord } from '../sockets/socket.ts'
import { type Trouble, troubleOf } from '../sockets/trouble.ts'
import { parseAddress } from '../wire/address.ts'
import type { Column } from './columns.ts'
import { sanitize } from './sanitize.ts'
import { serviceHint } from './service-hints.ts'
import { infoNumber, infoText, memoryText } from './socket-info.ts'
import {
  type EndpointNames,
  endpointText,
  extendedText,
  netidText,
  ownersText,
  shortTimerText,
  timerText,
} from './socket-text.ts'
import { stateStyle } from './style.ts'

export type SocketColumn = Column<SocketRecord>

/** Shortest useful address column: an IPv4 address cut in the middle still shows its port. */
const MIN_ADDRESS = 15
const MIN_PROCESS = 10
const MIN_TIMER = 10
/** Marks of `--watch`. */
const MARKS = { opened: '+', closed: '-', changed: '~' } as const

/** Every column that `list` has, in the order of its help. */
export function socketColumns(names: EndpointNames): SocketColumn[] {
  return [
    { name: 'netid', header: 'Netid', text: netidText },
    {
      name: 'state',
      header: 'State',
      text: ({ state }) => state,
      paint: (cell, { state }, style) => stateStyle(style, state)(cell),
    },
    { ...number('recv_q', 'Recv-Q', ({ recv_q }) => recv_q), spare: true },
    { ...number('send_q', 'Send-Q', ({ send_q }) => send_q), spare: true },
    endpoint('local', 'Local', names),
    endpoint('remote', 'Peer', names),
    {
      name: 'process',
      header: 'Process',
      cut: 'end',
      min: MIN_PROCESS,
      text: ownersText,
      key: ({ processes }) => processes[0]?.comm ?? '',
    },
    text('service', 'Usually', serviceHint),
    text('timer', 'Timer', timerText, ({ timer }) => timer?.expires_ms ?? -1),
    text('extended', 'Extended', extendedText),
    text('memory', 'Memory', memoryText),
    text('info', 'Tcp', infoText),
    text('family', 'Family', ({ family }) => family),
    text(
      'local_addr',
      'Local-Addr',
      ({ local }) => place(local),
      ({ local }) => addressKey(local),
    ),
    number('local_port', 'Local-Port', ({ local }) => local.port ?? local.inode),
    text(
      'remote_addr',
      'Peer-Addr',
      ({ remote }) => place(remote),
      ({ remote }) => addressKey(remote),
    ),
    number('remote_port', 'Peer-Port', ({ remote }) => remote.port ?? remote.inode),
    text(
      'pid',
      'Pid',
      ({ processes }) => processes.map(({ pid }) => pid).join(' '),
      ({ processes }) => processes[0]?.pid ?? -1,
    ),
    text('comm', 'Comm', ({ processes }) => processes.map(({ comm }) => sanitize(comm)).join(' ')),
    text('fd', 'Fd', ({ processes }) => processes.map(({ fd }) => fd).join(' ')),
    number('uid', 'Uid', ({ uid }) => uid ?? undefined),
    text('user', 'User', ({ user }) => sanitize(user ?? '')),
    number('inode', 'Inode', ({ inode }) => inode),
    text(
      'cookie',
      'Cookie',
      ({ cookie }) => cookie ?? '',
      ({ cookie }) => (cookie ?? '').padStart(16, '0'),
    ),
    text('iface', 'Iface', ({ iface }) => sanitize(iface ?? '')),
    number('netns', 'Netns', ({ netns }) => netns ?? undefined),
    number('mark', 'Mark', ({ mark }) => mark),
    text('cgroup', 'Cgroup', ({ cgroup }) => sanitize(cgroup ?? '')),
    text('container', 'Container', ({ processes }) =>
      [...new Set(processes.flatMap(({ container_name, container }) => container_name ?? container ?? []))]
        .map(sanitize)
        .join(' '),
    ),
    text('congestion', 'Congestion', ({ congestion }) => congestion?.name ?? ''),
    number('rtt', 'Rtt', ({ tcp }) => infoNumber(tcp, 'rtt', 1000)),
    number('cwnd', 'Cwnd', ({ tcp }) => infoNumber(tcp, 'snd_cwnd')),
    number('retrans', 'Retrans', ({ tcp }) => infoNumber(tcp, 'total_retrans')),
    text('change', '', ({ change }) => (change === undefined ? '' : MARKS[change])),
    text('exposure', 'Exposure', (record) => (record.state === 'LISTEN' ? exposureOf(record) : '')),
    number('accept_queue', 'Accept-Queue', ({ listen }) => listen?.accept_queue),
    number('backlog', 'Backlog', ({ listen }) => listen?.backlog),
    number('syn_queue', 'Syn-Queue', ({ listen }) => listen?.syn_queue),
    {
      ...text('trouble', 'Trouble', (record) => troubleOf(record)?.verdict ?? ''),
      paint: (cell, _, style) => style.warn(cell),
    },
  ]
}

/** In place of the column `timer` on a terminal: told briefly, and not cut to nothing. */
export const TERMINAL_TIMER: SocketColumn = { ...text('timer', 'Timer', shortTimerText), min: MIN_TIMER }

const TROUBLES: Readonly<Record<Trouble['verdict'], string>> = {
  'timeout.no-answer': 'SYN not answered',
  'timeout.handshake-stuck': 'SYN+ACK not answered',
  'timeout.accept-queue': 'accept queue full',
  'timeout.syn-queue': 'SYN queue full',
  'stalled.zero-window': 'peer does not read',
  'stalled.retransmitting': 'data not acknowledged',
  'closed.app-stuck': 'program does not close',
}

/** `! accept queue full` behind a socket in trouble: stands in a listing only where it has one. */
export const TROUBLE_MARK: SocketColumn = {
  ...text('mark', '', (record) => {
    const trouble = troubleOf(record)
    return trouble === undefined ? '' : `! ${TROUBLES[trouble.verdict]}`
  }),
  paint: (cell, _, style) => style.warn(cell),
}

function text(
  name: string,
  header: string,
  read: (record: SocketRecord) => string,
  key?: (record: SocketRecord) => number | string,
): SocketColumn {
  return { name, header, cut: 'end', text: read, ...(key !== undefined && { key }) }
}

/** A number that does not apply is an empty cell and sorts first. */
function number(
  name: string,
  header: string,
  read: (record: SocketRecord) => number | undefined,
): SocketColumn {
  return {
    name,
    header,
    align: 'right',
    text: (record) => String(read(record) ?? ''),
    key: (record) => read(record) ?? -1,
  }
}

function endpoint(side: 'local' | 'remote', header: string, names: EndpointNames): SocketColumn {
  return {
    name: side,
    header,
    cut: 'middle',
    min: MIN_ADDRESS,
    text: (record) => endpointText(record, side, names),
    key: (record) => addressKey(record[side]) + String(record[side].port ?? 0).padStart(5, '0'),
  }
}

function place({ addr, path }: SocketEndpoint): string {
  return addr ?? sanitize(path ?? '')
}

/** Addresses in numeric order, IPv4 before IPv6 before paths. */
function addressKey({ addr, path }: SocketEndpoint): string {
  const address = addr === undefined ? undefined : parseAddress(addr)
  if (address === undefined) return `p${path ?? ''}`
  return (
    String(address.family) + [...address.words].map((word) => word.toString(16).padStart(8, '0')).join('')
  )
}
