import { eachAttribute, memory } from './diag-attributes.ts'
import { cookie, type DiagContext } from './sock-diag.ts'
import type { SocketEndpoint, SocketRecord } from './socket.ts'

/** Netlink sockets, between programs and the kernel (linux/netlink_diag.h). */
const AF_NETLINK = 16

const REQUEST_LENGTH = 20
const EVERY_PROTOCOL = 0xff
/** `NDIAG_SHOW_MEMINFO`. */
const SHOW = 0x01

export function netlinkDumpRequest(): Uint8Array {
  const bytes = new Uint8Array(REQUEST_LENGTH)
  bytes[0] = AF_NETLINK
  bytes[1] = EVERY_PROTOCOL
  new DataView(bytes.buffer).setUint32(8, SHOW, true)
  return bytes
}

/** NETLINK_* (linux/netlink.h); a number without a name stands as itself. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'route',
  2: 'usersock',
  3: 'firewall',
  4: 'sock_diag',
  5: 'nflog',
  6: 'xfrm',
  7: 'selinux',
  8: 'iscsi',
  9: 'audit',
  10: 'fib_lookup',
  11: 'connector',
  12: 'netfilter',
  14: 'dnrtmsg',
  15: 'kobject_uevent',
  16: 'generic',
  18: 'scsitransport',
  19: 'ecryptfs',
  20: 'rdma',
  21: 'crypto',
  22: 'smc',
}

// struct netlink_diag_msg, 28 bytes: family, type, protocol, state, port, peer's port, peer's group, inode, cookie.
const LENGTH = 28
const CONNECTED = 1
const MEMINFO = 0

/** The protocol stands as the address, the port id as the port: 0 is the kernel. */
export function parseNetlinkDiag(
  view: DataView,
  offset: number,
  end: number,
  context: DiagContext,
): SocketRecord | undefined {
  if (offset + LENGTH > end || end > view.byteLength) return undefined
  const protocol = view.getUint8(offset + 2)
  const addr = PROTOCOLS[protocol] ?? String(protocol)
  const isConnected = view.getUint8(offset + 3) === CONNECTED
  const remote: SocketEndpoint = isConnected ? { addr, port: view.getUint32(offset + 8, true) } : {}
  let mem: SocketRecord['mem']
  eachAttribute(view, offset + LENGTH, end, (type, at, limit) => {
    if (type === MEMINFO && limit - at >= 32) mem = memory(view, at, limit)
  })
  const known = mem as SocketRecord['mem']
  return {
    type: 'socket',
    netid: 'netlink',
    family: 'netlink',
    state: 'UNCONN',
    recv_q: known?.rmem_alloc ?? 0,
    send_q: known?.wmem_alloc ?? 0,
    local: { addr, port: view.getUint32(offset + 4, true) },
    remote,
    uid: null,
    inode: view.getUint32(offset + 16, true),
    cookie: cookie(view, offset + 20),
    netns: context.netns,
    processes: [],
    ...(known !== undefined && { mem: known }),
  }
}
