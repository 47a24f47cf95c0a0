import {
  addressesRequest,
  type Neighbor,
  neighborRequest,
  parseInterfaceAddress,
  parseNeighbor,
  parseRoute,
  type Route,
  type RouteQuery,
  RTM_GETADDR,
  RTM_GETNEIGH,
  RTM_GETROUTE,
  routeRequest,
} from '../../sockets/rtnetlink.ts'
import type { Address } from '../../wire/address.ts'
import * as libc from '../libc.ts'
import type { MessageParser } from './netlink.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0x80000
const NETLINK_ROUTE = 0
const NLM_F_REQUEST = 0x1
const NLM_F_DUMP = 0x300
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const HEADER_LENGTH = 16
/** The kernel fills at most 32 KiB per dump message. */
const RECEIVE_LENGTH = 1 << 16
const EINTR = 4

const received = new Uint8Array(RECEIVE_LENGTH)
const receivedView = new DataView(received.buffer)

/**
 * Routes, neighbours and addresses of the calling thread's network namespace at the time it was made. Asking needs
 * no privilege. Every call throws `SystemError`: for a route its errno is what connect() would get.
 */
export class Rtnetlink {
  readonly #fd: number
  #sequence = 0

  constructor() {
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)
    if (this.#fd === -1) throw libc.lastError('Cannot open the routing tables (NETLINK_ROUTE)')
  }

  /** Asks once and closes the socket. */
  static with<T>(action: (netlink: Rtnetlink) => T): T {
    const netlink = new Rtnetlink()
    try {
      return action(netlink)
    } finally {
      netlink.close()
    }
  }

  route(query: RouteQuery): Route | undefined {
    return this.#ask(RTM_GETROUTE, NLM_F_REQUEST, routeRequest(query), parseRoute)[0]
  }

  neighbor(interfaceIndex: number, address: Address): Neighbor | undefined {
    return this.#ask(RTM_GETNEIGH, NLM_F_REQUEST, neighborRequest(interfaceIndex, address), parseNeighbor)[0]
  }

  /** Own addresses of all interfaces, canonical text. */
  addresses(): string[] {
    return this.#ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, addressesRequest(), parseInterfaceAddress)
  }

  close(): void {
    libc.close(this.#fd)
  }

  #ask<T>(type: number, flags: number, body: Uint8Array, parse: MessageParser<T>): T[] {
    this.#sequence += 1
    const message = new Uint8Array(HEADER_LENGTH + body.length)
    const view = new DataView(message.buffer)
    view.setUint32(0, message.length, true)
    view.setUint16(4, type, true)
    view.setUint16(6, flags, true)
    view.setUint32(8, this.#sequence, true)
    message.set(body, HEADER_LENGTH)
    if (libc.send(this.#fd, message, message.length, 0) === -1)
      throw libc.lastError('Cannot ask for routes or neighbours')
    const found: T[] = []
    while (!this.#receive(flags === NLM_F_REQUEST, parse, found)) {}
    return found
  }

  /** Reads one datagram; true when it ends the answer. */
  #receive<T>(single: boolean, parse: MessageParser<T>, found: T[]): boolean {
    const length = libc.recv(this.#fd, received, RECEIVE_LENGTH, 0)
    if (length === -1) {
      if (libc.errno() === EINTR) return false
      throw libc.lastError('Cannot read routes or neighbours')
    }
    for (let offset = 0; offset + HEADER_LENGTH <= length; ) {
      const size = receivedView.getUint32(offset, true)
      if (size < HEADER_LENGTH || offset + size > length) break
      const type = receivedView.getUint16(offset + 4, true)
      if (type === NLMSG_ERROR || type === NLMSG_DONE) {
        const error = size >= HEADER_LENGTH + 4 ? -receivedView.getInt32(offset + HEADER_LENGTH, true) : 0
        if (error > 0) throw new libc.SystemError('The kernel has no answer', error)
        return true
      }
      const row = parse(receivedView, offset + HEADER_LENGTH, offset + size)
      if (row !== undefined) found.push(row)
      offset += (size + 3) & ~3
    }
    return single
  }
}
