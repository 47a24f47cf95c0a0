import { formatIpv4, formatIpv6 } from '../wire/address.ts'
import { stateName, timerOf, unixPath } from './sock-diag.ts'
import type { Netid, SocketEndpoint, SocketRecord } from './socket.ts'

/** What the text does not say itself. */
export interface ProcNetContext {
  readonly netns: number | null
  readonly userName: (uid: number) => string | undefined
}

/** `/proc/net` counts time in USER_HZ, which is 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10

/**
 * Rows of `/proc/net/{tcp,tcp6,udp,udp6,raw,raw6}`. What the text lacks: the cookie, the bound device, and the
 * backlog of a listener (so `listen` is absent). A line that is not understood is left out.
 */
export function parseProcInet(text: string, netid: Netid, context: ProcNetContext): SocketRecord[] {
  const records: SocketRecord[] = []
  for (const line of text.split('\n')) {
    const record = inetLine(line.trim().split(/\s+/), netid, context)
    if (record !== undefined) records.push(record)
  }
  return records
}

// sl local remote st tx:rx tr:when retrnsmt uid timeout inode …
function inetLine(fields: string[], netid: Netid, context: ProcNetContext): SocketRecord | undefined {
  const local = endpoint(fields[1])
  const remote = endpoint(fields[2])
  const state = stateName(Number.parseInt(fields[3] ?? '', 16), netid === 'tcp')
  const [send, receive] = hexPair(fields[4])
  const [timerKind, when] = hexPair(fields[5])
  const retrans = Number.parseInt(fields[6] ?? '', 16)
  const inode = Number(fields[9])
  if (local === undefined || remote === undefined || state === undefined || !Number.isInteger(inode))
    return undefined
  const uid = inode === 0 ? null : Number(fields[7])
  const user = uid === null ? undefined : context.userName(uid)
  const timer = timerOf(timerKind, when * MS_PER_TICK, retrans)
  return {
    type: 'socket',
    netid,
    family: local.addr!.includes(':') ? 'inet6' : 'inet',
    state,
    recv_q: receive,
    send_q: send,
    local,
    remote,
    uid,
    ...(user !== undefined && { user }),
    inode,
    cookie: null,
    netns: context.netns,
    processes: [],
    ...(timer !== undefined && { timer }),
  }
}

function hexPair(text = ''): [number, number] {
  const [first = '', second = ''] = text.split(':')
  return [Number.parseInt(first, 16), Number.parseInt(second, 16)]
}

/** `0100007F:1F90`: each 32-bit word of the address in host (little-endian) order. */
function endpoint(text = ''): SocketEndpoint | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(text)
  if (match === null) return undefined
  const words = match[1]!.match(/.{8}/g)!.map(swappedWord)
  const addr =
    words.length === 1 ? formatIpv4(words[0]!) : formatIpv6(words[0]!, words[1]!, words[2]!, words[3]!)
  return { addr, port: Number.parseInt(match[2]!, 16) }
}

function swappedWord(hex: string): number {
  const word = Number.parseInt(hex, 16)
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

const UNIX_TYPES: Readonly<Record<string, SocketRecord['socket_type']>> = {
  '0001': 'stream',
  '0002': 'dgram',
  '0005': 'seqpacket',
}
/** `__SO_ACCEPTCON` of the flags column: it listens. */
const ACCEPTS = 0x10000
/** SS_CONNECTED of the state column (include/uapi/linux/net.h), not a TCP state. */
const CONNECTED = 3

/** Rows of `/proc/net/unix`. What the text lacks: peer, queues, owner's uid, cookie. */
export function parseProcUnix(text: string, context: ProcNetContext): SocketRecord[] {
  const records: SocketRecord[] = []
  for (const line of text.split('\n')) {
    const match = /^[0-9a-f]+: \S+ \S+ (\S+) (\S+) (\S+) +(\d+)(?: (.*))?$/i.exec(line)
    if (match === null) continue
    const socketType = UNIX_TYPES[match[2]!]
    const listens = (Number.parseInt(match[1]!, 16) & ACCEPTS) !== 0
    const connected = Number.parseInt(match[3]!, 16) === CONNECTED
    const inode = Number(match[4])
    const path = match[5] === undefined ? undefined : unixPath(match[5])
    records.push({
      type: 'socket',
      netid: 'unix',
      family: 'unix',
      ...(socketType !== undefined && { socket_type: socketType }),
      state: listens ? 'LISTEN' : connected ? 'ESTABLISHED' : socketType === 'dgram' ? 'UNCONN' : 'CLOSE',
      recv_q: 0,
      send_q: 0,
      local: { ...(path && { path }), inode },
      remote: { inode: 0 },
      uid: null,
      inode,
      cookie: null,
      netns: context.netns,
      processes: [],
    })
  }
  return records
}
