import type { Verdict } from '../../diagnose/verdict.ts'
import type { Endpoint, Side, TcpState } from '../../flow/event.ts'
import type { SocketEndpoint, SocketProcess, SocketRecord, SocketState } from '../../sockets/socket.ts'
import type { FlowCard } from './flow-card.ts'

export type SocketKey = number | string

/** One line of the table: a socket, the connection that was seen on the wire, or both. */
export interface Row {
  readonly id: number
  /** Identity of the socket among listings: its cookie, else a text of its kind, inode and ends. */
  key: SocketKey | undefined
  /** The kernel's word; made from the packets where no socket was seen. */
  record: SocketRecord
  /** The socket was in the latest listings; false for what only the wire showed. */
  hasSocket: boolean
  /** Which end of `card` the row stands for. */
  side: Side
  card: FlowCard | undefined
  verdict: Verdict | undefined
  /** Epoch ms of the latest event or change of state; 0 when there was none. */
  changed: number
  /** Epoch ms at which it was gone, or its flow ended. */
  closed: number | undefined
  /** Epoch ms at which the kernel told `record.timer`. */
  told: number
  /** Serial of the listing that it was in last. */
  listing: number
}

/** The two ends of a TCP connection, as the join of sockets and packets. */
export function tupleKey(local: SocketEndpoint, remote: SocketEndpoint): string {
  return `${plain(local.addr)} ${local.port} ${plain(remote.addr)} ${remote.port}`
}

/** An IPv4 address that an IPv6 socket uses is that address on the wire. */
function plain(addr = ''): string {
  return addr.startsWith('::ffff:') && addr.includes('.') ? addr.slice('::ffff:'.length) : addr
}

/** True for sockets that packets can belong to. */
export function isConnection({ netid, remote, state }: SocketRecord): boolean {
  return (netid === 'tcp' || netid === 'mptcp') && state !== 'LISTEN' && remote.port !== 0
}

const SOCKET_STATES: Partial<Record<TcpState, SocketState>> = { CLOSED: 'CLOSE' }

/** A record for a connection that no socket was seen of. */
export function wireRecord(card: FlowCard, side: Side): SocketRecord {
  const local = side === 'client' ? card.client : card.server
  const remote = side === 'client' ? card.server : card.client
  const process = card.processes[side]
  return {
    type: 'socket',
    netid: 'tcp',
    family: local.addr.includes(':') ? 'inet6' : 'inet',
    state: wireState(card, side),
    recv_q: 0,
    send_q: 0,
    local: endpoint(local),
    remote: endpoint(remote),
    uid: null,
    inode: 0,
    cookie: null,
    netns: null,
    processes: process === undefined ? [] : [owner(process)],
  }
}

function wireState(card: FlowCard, side: Side): SocketState {
  const state = card.states[side] ?? 'CLOSED'
  return SOCKET_STATES[state] ?? (state as SocketState)
}

/** Whether `wireRecord` would make the same: most events change nothing that a row shows. */
export function isOfWire({ state, processes }: SocketRecord, card: FlowCard, side: Side): boolean {
  return state === wireState(card, side) && processes[0]?.pid === card.processes[side]?.pid
}

/** A process known from the kernel's events; which descriptor it uses is not in them. */
export function owner({ pid, comm }: { pid: number; comm: string | null }): SocketProcess {
  return { pid, comm: comm ?? '?', fd: -1 }
}

function endpoint({ addr, port, name }: Endpoint): SocketEndpoint {
  return { addr, port, ...(name !== undefined && { name }) }
}

/** The state to show: the kernel's, unless packets told of a later one since it was asked. */
export function stateOf({ record, card, side, told, hasSocket }: Row): string {
  if (!hasSocket || card === undefined || card.latest <= told) return record.state
  const state = card.states[side]
  return state === undefined ? record.state : (SOCKET_STATES[state] ?? state)
}

/** When the kernel sends the segment again that nothing has acknowledged; `undefined` while it does not wait. */
export function nextRetransmission(row: Row): number | undefined {
  if (row.closed !== undefined) return undefined
  const { timer, state } = row.record
  const waits = timer?.name === 'on' && (timer.retrans > 0 || state === 'SYN_SENT')
  if (waits && row.told >= (row.card?.latest ?? 0)) return row.told + timer.expires_ms
  return row.side === 'client' ? row.card?.nextSyn : undefined
}
