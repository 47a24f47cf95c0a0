import type { ExactPorts } from './exact-ports.ts'

/** Bodies of NETLINK_SOCK_DIAG requests (linux/inet_diag.h, linux/unix_diag.h), little-endian host order. */

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_SCTP = 132
export const IPPROTO_UDPLITE = 136
export const IPPROTO_RAW = 255
export const IPPROTO_MPTCP = 262

const INET_REQUEST_LENGTH = 56
const UNIX_REQUEST_LENGTH = 24
const ATTRIBUTE_HEADER = 4
const INET_DIAG_REQ_BYTECODE = 1
const INET_DIAG_REQ_PROTOCOL = 3
/** INET_DIAG_NOCOOKIE in both words: any socket with these addresses. */
const NO_COOKIE = 0xffffffff

/** The states 1 ESTABLISHED … 11 CLOSING; requests in a SYN queue come with 3 (SYN_RECV). */
export const ALL_STATES = 0xffe

/** `UDIAG_SHOW_NAME | PEER | RQLEN | UID`. */
const UNIX_SHOW = 0x01 | 0x04 | 0x10 | 0x40

/** What a dump asks for beside the addresses. */
export interface InetDumpOptions {
  /** Attributes wanted, bit = 1 << (INET_DIAG_x - 1), as far as they have to be asked for. */
  readonly extensions?: number
  /** A program that the kernel runs on every socket (`bytecode.ts`). */
  readonly program?: Uint8Array | undefined
  /** Only sockets with these ports: of TCP, where the kernel has always looked at them. */
  readonly ports?: ExactPorts
}

/** Asks for every socket of one protocol and family whose state is in the mask (bit = 1 << state). */
export function inetDumpRequest(
  family: number,
  protocol: number,
  states: number = ALL_STATES,
  { extensions = 0, program, ports }: InetDumpOptions = {},
): Uint8Array {
  const attributes: Uint8Array[] = []
  if (program !== undefined) attributes.push(requestAttribute(INET_DIAG_REQ_BYTECODE, program))
  // The header has 8 bits for the protocol.
  if (protocol > 0xff)
    attributes.push(
      requestAttribute(INET_DIAG_REQ_PROTOCOL, Uint8Array.of(protocol & 0xff, protocol >>> 8, 0, 0)),
    )
  const bytes = new Uint8Array(INET_REQUEST_LENGTH + attributes.reduce((sum, { length }) => sum + length, 0))
  bytes[0] = family
  bytes[1] = protocol
  bytes[2] = extensions
  const view = new DataView(bytes.buffer)
  view.setUint32(4, states, true)
  view.setUint16(8, ports?.source ?? 0)
  view.setUint16(10, ports?.destination ?? 0)
  let at = INET_REQUEST_LENGTH
  for (const attribute of attributes) {
    bytes.set(attribute, at)
    at += attribute.length
  }
  return bytes
}

/** struct inet_diag_req, the older request: u8 family, 2 unused, u8 extensions, 48 of addresses, u32 states, u32. */
const TCP_REQUEST_LENGTH = 60

/**
 * Asks for the TCP sockets of both families at once (message TCPDIAG_GETSOCK): with 200 000 sockets it saves the
 * kernel a second walk through all of them.
 */
export function tcpDumpRequest(
  states: number,
  { extensions = 0, program, ports }: InetDumpOptions,
): Uint8Array {
  const attribute =
    program === undefined ? new Uint8Array(0) : requestAttribute(INET_DIAG_REQ_BYTECODE, program)
  const bytes = new Uint8Array(TCP_REQUEST_LENGTH + attribute.length)
  bytes[0] = AF_INET
  bytes[3] = extensions
  const view = new DataView(bytes.buffer)
  view.setUint16(4, ports?.source ?? 0)
  view.setUint16(6, ports?.destination ?? 0)
  view.setUint32(52, states, true)
  bytes.set(attribute, TCP_REQUEST_LENGTH)
  return bytes
}

/** The value's length is a multiple of four. */
function requestAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ATTRIBUTE_HEADER + value.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, bytes.length, true)
  view.setUint16(2, type, true)
  bytes.set(value, ATTRIBUTE_HEADER)
  return bytes
}

/** Asks the kernel to close one socket: its ends, and its cookie so that no other one can be meant. */
export function inetDestroyRequest(
  family: number,
  protocol: number,
  tuple: InetTuple,
  cookie: string,
): Uint8Array {
  const bytes = inetLookupRequest(family, protocol, tuple)
  const view = new DataView(bytes.buffer)
  const whole = cookie.padStart(16, '0')
  view.setUint32(48, Number.parseInt(whole.slice(8), 16), true)
  view.setUint32(52, Number.parseInt(whole.slice(0, 8), 16), true)
  return bytes
}

/** Addresses as in `wire/`: four big-endian words, IPv4 in word 0. */
export interface InetTuple {
  readonly source: ArrayLike<number>
  readonly sourcePort: number
  readonly destination: ArrayLike<number>
  readonly destinationPort: number
}

/**
 * Asks for the one socket with these ends, seen from its own side. The kernel falls back to the listener on the
 * local port when there is no such connection.
 */
export function inetLookupRequest(
  family: number,
  protocol: number,
  tuple: InetTuple,
  details: InetDumpOptions = {},
): Uint8Array {
  const bytes = inetDumpRequest(family, protocol, ALL_STATES, details)
  const view = new DataView(bytes.buffer)
  view.setUint16(8, tuple.sourcePort)
  view.setUint16(10, tuple.destinationPort)
  const words = family === AF_INET ? 1 : 4
  for (let word = 0; word < words; word++) {
    view.setUint32(12 + 4 * word, tuple.source[word]!)
    view.setUint32(28 + 4 * word, tuple.destination[word]!)
  }
  view.setUint32(48, NO_COOKIE)
  view.setUint32(52, NO_COOKIE)
  return bytes
}

/** Asks for every unix socket with its name, peer, queues and owner. */
export function unixDumpRequest(): Uint8Array {
  const bytes = new Uint8Array(UNIX_REQUEST_LENGTH)
  const view = new DataView(bytes.buffer)
  bytes[0] = AF_UNIX
  view.setUint32(4, 0xffffffff, true)
  view.setUint32(12, UNIX_SHOW, true)
  return bytes
}
