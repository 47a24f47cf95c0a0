import type { SocketEndpoint, SocketProcess, SocketRecord } from '../sockets/socket.ts'
import { sanitize } from './sanitize.ts'

/** Names instead of numbers, where they are known (`--resolve`). */
export interface EndpointNames {
  readonly port: (port: number, record: SocketRecord) => string | undefined
  readonly host: (addr: string) => string | undefined
}

const ETH_P_ALL = 3

export const NUMERIC: EndpointNames = { port: () => undefined, host: () => undefined }

/**
 * One end as ss writes it: `10.0.0.1:443`, `[::1]:443`, `*` for a port that is 0 or for the address of a
 * dual-stack wildcard, `%eth0` for a bound device. Unix: the path or `*`, and the inode.
 */
export function endpointText(record: SocketRecord, side: 'local' | 'remote', names: EndpointNames): string {
  const end: SocketEndpoint = record[side]
  if (record.netid === 'unix') return `${end.path === undefined ? '*' : sanitize(end.path)} ${end.inode ?? 0}`
  if (record.netid === 'packet') return side === 'local' ? packetText(record) : '*'
  if (record.netid === 'netlink') return netlinkText(end)
  const addr = end.addr ?? '*'
  // `v6only` is there for sockets without a peer only; false means that IPv4 comes in too.
  const everything = addr === '::' && record.v6only === false
  const name = everything ? undefined : names.host(addr)
  const shown = everything
    ? '*'
    : name !== undefined
      ? sanitize(name)
      : addr.includes(':')
        ? `[${addr}]`
        : addr
  const device = side === 'local' && record.iface !== undefined ? `%${sanitize(record.iface)}` : ''
  const port = end.port ?? 0
  return `${shown}${device}:${port === 0 ? '*' : (names.port(port, record) ?? port)}`
}

/** `*:eth0` for every protocol on a device, `[0x0800]:*` for one on all of them. */
function packetText({ local, iface }: SocketRecord): string {
  const protocol = local.port ?? 0
  const shown = protocol === ETH_P_ALL ? '*' : `[0x${protocol.toString(16).padStart(4, '0')}]`
  return `${shown}:${iface === undefined ? '*' : sanitize(iface)}`
}

/** `route:1234`, the port of a kernel's own socket is `kernel`; `*` for no peer. */
function netlinkText({ addr, port }: SocketEndpoint): string {
  return addr === undefined ? '*' : `${addr}:${port === 0 ? 'kernel' : port}`
}

/** In place of owners that could not be looked for. */
export const UNKNOWN_OWNERS = '?'

/** Its processes, `?` where they could not be looked for, empty where there are none. */
export function ownersText({ processes, owners_unknown }: SocketRecord): string {
  return processes.length === 0 && owners_unknown !== undefined ? UNKNOWN_OWNERS : processText(processes)
}

/** `nginx[77] fd 6`, a thread `nginx[77/78] fd 6`; a process with several descriptors once: `nginx[77] fd 6,9`. */
export function processText(processes: readonly SocketProcess[]): string {
  const byHolder = new Map<string, { comm: string; fds: number[] }>()
  for (const { pid, tid, comm, fd } of processes) {
    const holder = tid === undefined ? `${pid}` : `${pid}/${tid}`
    const known = byHolder.get(holder)
    if (known === undefined) byHolder.set(holder, { comm, fds: [fd] })
    else known.fds.push(fd)
  }
  return [...byHolder]
    .map(([holder, { comm, fds }]) => `${sanitize(comm)}[${holder}] fd ${fds.join(',')}`)
    .join(', ')
}

/** ss tells the kinds of unix sockets apart in this column. */
export function netidText({ netid, socket_type }: SocketRecord): string {
  if (netid === 'packet') return socket_type === 'dgram' ? 'p_dgr' : 'p_raw'
  if (netid === 'netlink') return 'nl'
  if (netid === 'vsock') return socket_type === 'stream' ? 'v_str' : 'v_dgr'
  switch (socket_type) {
    case undefined:
      return netid
    case 'stream':
      return 'u_str'
    case 'dgram':
      return 'u_dgr'
    case 'seqpacket':
      return 'u_seq'
    case 'raw':
      return 'p_raw'
    default:
      return socket_type satisfies never
  }
}

/** `timer:(keepalive,1min2sec,0)` as `ss -o` writes it, empty without a timer. */
export function timerText({ timer }: SocketRecord): string {
  return timer === undefined ? '' : `timer:(${timer.name},${expiryText(timer.expires_ms)},${timer.retrans})`
}

/** `keepalive 1min2sec`, `on 12sec, 3 retries`: the same for a terminal, where cells are few. */
export function shortTimerText({ timer }: SocketRecord): string {
  if (timer === undefined) return ''
  const { name, expires_ms, retrans } = timer
  const retries = retrans === 0 ? '' : `, ${retrans} ${retrans === 1 ? 'retry' : 'retries'}`
  return `${name} ${expiryText(expires_ms)}`.trimEnd() + retries
}

/**
 * A timer's rest in the notation of ss: `15ms` is `015ms`, under 10 s `2.500ms` (seconds and milliseconds), then
 * whole seconds, minutes with seconds, and from 10 minutes on minutes alone. Nothing left is empty.
 */
export function expiryText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  const seconds = Math.floor(ms / 1000) % 60
  const rest = ms % 1000
  const showsRest = minutes === 0 && seconds <= 9 && rest > 0
  let text = minutes > 0 ? `${minutes}min` : ''
  if (seconds > 0 && minutes <= 9) text += `${seconds}${showsRest ? '.' : 'sec'}`
  return showsRest ? `${text}${String(rest).padStart(3, '0')}ms` : text
}

/** `uid:33 ino:1234 sk:4a` as `ss -e` writes it: uid 0 and what is not known are left out. */
export function extendedText({ uid, inode, cookie, mark, v6only, cgroup }: SocketRecord): string {
  const parts: string[] = []
  if (uid) parts.push(`uid:${uid}`)
  parts.push(`ino:${inode}`)
  if (cookie !== null) parts.push(`sk:${cookie}`)
  if (mark !== undefined) parts.push(`fwmark:0x${mark.toString(16)}`)
  if (cgroup !== undefined) parts.push(`cgroup:${sanitize(cgroup)}`)
  if (v6only !== undefined) parts.push(`v6only:${Number(v6only)}`)
  return parts.join(' ')
}
