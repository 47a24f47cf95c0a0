import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import { TCP_STATES, tcpState } from '../wire/tcp-states.ts'
import { attributeMembers, parseDiagAttributes } from './diag-attributes.ts'
import { AF_INET } from './diag-request.ts'
import type { Netid, SocketEndpoint, SocketRecord, SocketState } from './socket.ts'

/** What the bytes do not say themselves; `host/` gives it. */
export interface DiagContext {
  /** Inode of the network namespace that was asked. */
  readonly netns: number | null
  /** Name of an interface index. */
  readonly interfaceName: (index: number) => string | undefined
  /** Name of a user. */
  readonly userName: (uid: number) => string | undefined
  /** Nothing but bound sockets that neither listen nor connect was asked for. */
  readonly boundInactive?: boolean
  /** Path of a control group below its mount point, by the inode of its folder; only when it is wanted. */
  readonly cgroupPath?: (id: number) => string | undefined
  /** Bytes of a file name as text (UTF-8). */
  readonly decode: (view: DataView, start: number, end: number) => string
}

const LISTEN = 10
/** Numbers of states, 0 among them, which no socket has. */
export const STATE_COUNT: number = 1 + TCP_STATES.length

/** Names of `idiag_timer`; 0 is no timer. The first five are what ss prints. */
const TIMERS: readonly (string | undefined)[] = [
  undefined,
  'on',
  'keepalive',
  'timewait',
  'persist',
  'delack',
]

/** True for kinds of sockets that have connections. */
export function isStream(netid: Netid): boolean {
  return netid === 'tcp' || netid === 'mptcp' || netid === 'sctp'
}

/** Name of a kernel state for a protocol: a datagram or raw socket is never closed, only without a peer. */
export function stateName(state: number, stream: boolean): SocketState | undefined {
  const name = tcpState(state)
  return name === 'CLOSE' && !stream ? 'UNCONN' : name
}

export function timerOf(timer: number, expires: number, retrans: number): SocketRecord['timer'] {
  if (timer === 0) return undefined
  return { name: TIMERS[timer] ?? 'unknown', expires_ms: expires, retrans }
}

// struct inet_diag_msg, 72 bytes.
const INET_LENGTH = 72

/** One `inet_diag_msg` with its attributes; `undefined` when it is cut short or of an unknown state. */
export function parseInetDiag(
  view: DataView,
  offset: number,
  end: number,
  netid: Netid,
  context: DiagContext,
): SocketRecord | undefined {
  if (offset + INET_LENGTH > end || end > view.byteLength) return undefined
  const ipv4 = view.getUint8(offset) === AF_INET
  const number = view.getUint8(offset + 1)
  // Reported as CLOSE; only a dump that asks for nothing else can tell.
  const state = context.boundInactive ? 'BOUND_INACTIVE' : stateName(number, isStream(netid))
  if (state === undefined) return undefined
  const iface = view.getUint32(offset + 36 + 4, true)
  const receive = view.getUint32(offset + 56, true)
  const send = view.getUint32(offset + 60, true)
  const inode = view.getUint32(offset + 68, true)
  // Without an inode (not accepted yet, SYN queue, TIME_WAIT, orphan) the kernel fills in uid 0, which says nothing.
  const uid = inode === 0 ? null : view.getUint32(offset + 64, true)
  const user = uid === null ? undefined : context.userName(uid)
  const timer = timerOf(
    view.getUint8(offset + 2),
    view.getUint32(offset + 52, true),
    view.getUint8(offset + 3),
  )
  const interfaceName = iface === 0 ? undefined : (context.interfaceName(iface) ?? `if${iface}`)
  const attributes = parseDiagAttributes(view, offset + INET_LENGTH, end)
  return {
    type: 'socket',
    netid,
    family: ipv4 ? 'inet' : 'inet6',
    state,
    recv_q: receive,
    send_q: send,
    local: { addr: address(view, offset + 8, ipv4), port: view.getUint16(offset + 4) },
    remote: { addr: address(view, offset + 24, ipv4), port: view.getUint16(offset + 6) },
    ...(interfaceName !== undefined && { iface: interfaceName }),
    uid,
    ...(user !== undefined && { user }),
    inode,
    cookie: cookie(view, offset + 44),
    netns: context.netns,
    ...attributeMembers(attributes, context.cgroupPath),
    processes: [],
    ...(number === LISTEN && { listen: { accept_queue: receive, backlog: send } }),
    ...(timer !== undefined && { timer }),
  }
}

function address(view: DataView, offset: number, ipv4: boolean): string {
  if (ipv4) return formatIpv4(view.getUint32(offset))
  return formatIpv6(
    view.getUint32(offset),
    view.getUint32(offset + 4),
    view.getUint32(offset + 8),
    view.getUint32(offset + 12),
  )
}

/** A 64-bit cookie, two words in host order, the low one first. */
export function cookie(view: DataView, offset: number): string {
  const low = view.getUint32(offset, true)
  const high = view.getUint32(offset + 4, true)
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0')
}

// struct unix_diag_msg, 16 bytes; attributes of linux/unix_diag.h.
const UNIX_LENGTH = 16
const UNIX_DIAG_NAME = 0
const UNIX_DIAG_PEER = 2
const UNIX_DIAG_RQLEN = 4
const UNIX_DIAG_UID = 7
const UNIX_TYPES: Readonly<Record<number, SocketRecord['socket_type']>> = {
  1: 'stream',
  2: 'dgram',
  5: 'seqpacket',
}

/** One `unix_diag_msg` with its attributes; the peer's path is not in it (see `joinUnixPeers`). */
export function parseUnixDiag(
  view: DataView,
  offset: number,
  end: number,
  context: DiagContext,
): SocketRecord | undefined {
  if (offset + UNIX_LENGTH > end || end > view.byteLength) return undefined
  const socketType = UNIX_TYPES[view.getUint8(offset + 1)]
  const number = view.getUint8(offset + 2)
  const state = stateName(number, socketType !== 'dgram')
  if (state === undefined) return undefined
  const inode = view.getUint32(offset + 4, true)
  let path: string | undefined
  let peer = 0
  let receive = 0
  let send = 0
  let uid: number | null = null
  for (let at = offset + UNIX_LENGTH; at + 4 <= end; ) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > end) break
    const type = view.getUint16(at + 2, true) & 0x3fff
    if (type === UNIX_DIAG_NAME) path = unixPath(context.decode(view, at + 4, at + length))
    else if (type === UNIX_DIAG_PEER && length >= 8) peer = view.getUint32(at + 4, true)
    else if (type === UNIX_DIAG_UID && length >= 8) uid = view.getUint32(at + 4, true)
    else if (type === UNIX_DIAG_RQLEN && length >= 12) {
      receive = view.getUint32(at + 4, true)
      send = view.getUint32(at + 8, true)
    }
    at += (length + 3) & ~3
  }
  const user = uid === null ? undefined : context.userName(uid)
  return {
    type: 'socket',
    netid: 'unix',
    family: 'unix',
    ...(socketType !== undefined && { socket_type: socketType }),
    state,
    recv_q: receive,
    send_q: send,
    local: { ...(path && { path }), inode },
    remote: { inode: peer },
    uid,
    ...(user !== undefined && { user }),
    inode,
    cookie: cookie(view, offset + 8),
    netns: context.netns,
    processes: [],
    ...(number === LISTEN && { listen: { accept_queue: receive, backlog: send } }),
  }
}

/** A `sun_path`: abstract names begin with NUL and may hold more of them, shown as `@`; file names may end in one. */
export function unixPath(raw: string): string {
  const abstract = raw.startsWith('\0')
  return (abstract ? raw : raw.replace(/\0+$/, '')).replaceAll('\0', '@')
}

/** Puts the peer's bound path into `remote`, for the peers that are in the same list. */
export function joinUnixPeers(records: SocketRecord[]): SocketRecord[] {
  const paths = new Map<number, string>()
  for (const { netid, inode, local } of records)
    if (netid === 'unix' && local.path !== undefined) paths.set(inode, local.path)
  return records.map((record) => {
    const path = record.netid === 'unix' ? paths.get(record.remote.inode ?? 0) : undefined
    if (path === undefined) return record
    const remote: SocketEndpoint = { ...record.remote, path }
    return { ...record, remote }
  })
}
