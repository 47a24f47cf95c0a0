import { eachAttribute, memory } from './diag-attributes.ts'
import { cookie, type DiagContext, stateName } from './sock-diag.ts'
import type { SocketEndpoint, SocketRecord } from './socket.ts'

/** Packet sockets (linux/packet_diag.h) and vsock (linux/vm_sockets_diag.h). */
export const AF_PACKET = 17
export const AF_VSOCK = 40

const PACKET_REQUEST_LENGTH = 20
/** `PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO`. */
const PACKET_SHOW = 0x01 | 0x10
const VSOCK_REQUEST_LENGTH = 24

export function packetDumpRequest(): Uint8Array {
  const bytes = new Uint8Array(PACKET_REQUEST_LENGTH)
  bytes[0] = AF_PACKET
  new DataView(bytes.buffer).setUint32(8, PACKET_SHOW, true)
  return bytes
}

export function vsockDumpRequest(): Uint8Array {
  const bytes = new Uint8Array(VSOCK_REQUEST_LENGTH)
  bytes[0] = AF_VSOCK
  new DataView(bytes.buffer).setUint32(4, 0xffffffff, true)
  return bytes
}

// struct packet_diag_msg, 16 bytes: family, type, u16 protocol, inode, cookie.
const PACKET_LENGTH = 16
const PACKET_DIAG_INFO = 0
const PACKET_DIAG_UID = 5
const PACKET_DIAG_MEMINFO = 6
const PACKET_TYPES: Readonly<Record<number, SocketRecord['socket_type']>> = { 2: 'dgram', 3: 'raw' }

/** The EtherType stands as the local port (3 is every protocol), the device it is bound to as `iface`. */
export function parsePacketDiag(
  view: DataView,
  offset: number,
  end: number,
  context: DiagContext,
): SocketRecord | undefined {
  if (offset + PACKET_LENGTH > end || end > view.byteLength) return undefined
  const socketType = PACKET_TYPES[view.getUint8(offset + 1)]
  const inode = view.getUint32(offset + 4, true)
  let device = 0
  let uid: number | null = null
  let mem: SocketRecord['mem']
  eachAttribute(view, offset + PACKET_LENGTH, end, (type, at, limit) => {
    if (type === PACKET_DIAG_INFO && limit - at >= 4) device = view.getUint32(at, true)
    else if (type === PACKET_DIAG_UID && limit - at >= 4) uid = view.getUint32(at, true)
    else if (type === PACKET_DIAG_MEMINFO && limit - at >= 32) mem = memory(view, at, limit)
  })
  const iface = device === 0 ? undefined : (context.interfaceName(device) ?? `if${device}`)
  const user = uid === null ? undefined : context.userName(uid)
  return {
    type: 'socket',
    netid: 'packet',
    family: 'packet',
    ...(socketType !== undefined && { socket_type: socketType }),
    state: 'UNCONN',
    recv_q: (mem as SocketRecord['mem'])?.rmem_alloc ?? 0,
    send_q: 0,
    local: { port: view.getUint16(offset + 2, true) },
    remote: {},
    ...(iface !== undefined && { iface }),
    uid,
    ...(user !== undefined && { user }),
    inode,
    cookie: cookie(view, offset + 8),
    netns: context.netns,
    processes: [],
    ...(mem !== undefined && { mem }),
  }
}

// struct vsock_diag_msg, 32 bytes.
const VSOCK_LENGTH = 32
const STREAM = 1
const VMADDR_ANY = 0xffffffff

/** The context id stands as the address, `*` for any. */
export function parseVsockDiag(
  view: DataView,
  offset: number,
  end: number,
  context: DiagContext,
): SocketRecord | undefined {
  if (offset + VSOCK_LENGTH > end || end > view.byteLength) return undefined
  const isStream = view.getUint8(offset + 1) === STREAM
  const state = stateName(view.getUint8(offset + 2), isStream)
  if (state === undefined) return undefined
  return {
    type: 'socket',
    netid: 'vsock',
    family: 'vsock',
    socket_type: isStream ? 'stream' : 'dgram',
    state,
    recv_q: 0,
    send_q: 0,
    local: contextEnd(view, offset + 4),
    remote: contextEnd(view, offset + 12),
    uid: null,
    inode: view.getUint32(offset + 20, true),
    cookie: cookie(view, offset + 24),
    netns: context.netns,
    processes: [],
  }
}

function contextEnd(view: DataView, at: number): SocketEndpoint {
  const [cid, port] = [view.getUint32(at, true), view.getUint32(at + 4, true)]
  return { addr: cid === VMADDR_ANY ? '*' : String(cid), port: port === VMADDR_ANY ? 0 : port }
}
