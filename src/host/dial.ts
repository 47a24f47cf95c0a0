import { formatAddress, parseAddress } from '../wire/address.ts'
import { socketError } from './capture/packet-socket.ts'
import * as libc from './libc.ts'

const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_BINDTODEVICE = 25
const MSG_DONTWAIT = 0x40
const POLLOUT = 4
const POLLERR = 8
const POLLHUP = 16
/** `struct sockaddr_in` and `struct sockaddr_in6`, bytes. */
const SOCKADDR_IN = 16
const SOCKADDR_IN6 = 28
const RECEIVE_BYTES = 64 * 1024

export interface DialEnd {
  readonly addr: string
  readonly port: number
}

export interface DialOptions {
  /** Address to connect from. */
  readonly source?: string
  /** Interface to go out by. */
  readonly iface?: string
  /** Index of the interface of a link-local IPv6 address. */
  readonly scope?: number
}

/** What became of the connection after connect() returned. */
export interface DialAfter {
  /** errno name of what recv() said: `ECONNRESET`; `undefined` while it lives. */
  readonly error: string | undefined
  /** The peer has closed. */
  readonly closed: boolean
  /** Bytes that came; they are read and thrown away, so that closing sends a FIN. */
  readonly received: number
}

/**
 * One connect() as any client makes it, on a real socket, without waiting: the local port is known as soon as the
 * kernel has chosen it, the error is the kernel's own.
 */
export class Dial {
  readonly fd: number
  /** `undefined` when the kernel chose none: connect() failed at once. */
  readonly local: DialEnd | undefined
  /** errno name of connect(); `undefined` while it waits, and when it succeeded. */
  error: string | undefined
  /** What failed: `connect`, or what comes before it. */
  failed: 'socket' | 'bind' | 'interface' | 'connect' = 'connect'
  isConnected = false
  /** connect() returned the error itself, without waiting. */
  hasFailedAtOnce = false
  /** When connect() was called, and when its result was there: `performance.now()`. */
  readonly began: number
  ended = Number.NaN
  #isClosed = false
  readonly #after = { error: undefined as string | undefined, closed: false, received: 0 }

  /** Starts it; never throws for what the kernel refuses. */
  constructor(remote: DialEnd, options: DialOptions = {}) {
    const server = socketAddress(remote, options.scope)
    const family = remote.addr.includes(':') ? AF_INET6 : AF_INET
    this.began = performance.now()
    this.fd = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (this.fd === -1) this.#fail('socket')
    else if (this.#prepare(options)) {
      this.began = performance.now()
      if (libc.connect(this.fd, server, server.length) === 0) this.isConnected = true
      else if (libc.errnoName(libc.errno()) !== 'EINPROGRESS') this.#fail('connect')
    }
    this.hasFailedAtOnce = this.error !== undefined
    this.hasEnded()
    this.local = this.fd === -1 ? undefined : localEnd(this.fd)
  }

  /** Looks whether connect() has ended; true when it has. */
  hasEnded(): boolean {
    if (!Number.isNaN(this.ended)) return true
    const isOver = this.isConnected || this.error !== undefined
    if (!isOver && !this.#isReady(POLLOUT)) return false
    this.ended = performance.now()
    if (isOver) return true
    const error = socketError(this.fd)
    if (error === 0) this.isConnected = true
    else this.error = libc.errnoName(error)
    return true
  }

  /** Looks at a connection that was made. */
  after(): DialAfter {
    const after = this.#after
    const bytes = new Uint8Array(RECEIVE_BYTES)
    while (after.error === undefined && !after.closed) {
      const length = libc.recv(this.fd, bytes, bytes.length, MSG_DONTWAIT)
      if (length === -1) {
        const error = libc.errnoName(libc.errno())
        if (error === 'EAGAIN' || error === 'EWOULDBLOCK') break
        if (error !== 'EINTR') after.error = error
      } else if (length === 0) after.closed = true
      else after.received += length
    }
    return after
  }

  /** Idempotent. */
  close(): void {
    if (this.fd !== -1 && !this.#isClosed) libc.close(this.fd)
    this.#isClosed = true
  }

  #prepare({ source, iface }: DialOptions): boolean {
    if (iface !== undefined) {
      const name = Buffer.from(`${iface}\0`)
      if (libc.setsockopt(this.fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length) === -1)
        return this.#fail('interface')
    }
    if (source !== undefined) {
      const address = socketAddress({ addr: source, port: 0 })
      if (libc.bind(this.fd, address, address.length) === -1) return this.#fail('bind')
    }
    return true
  }

  #fail(what: Dial['failed']): false {
    this.error = libc.errnoName(libc.errno())
    this.failed = what
    return false
  }

  /** An error and a hang-up count as ready. */
  #isReady(events: number): boolean {
    const entry = new DataView(new ArrayBuffer(8))
    entry.setInt32(0, this.fd, true)
    entry.setInt16(4, events, true)
    libc.poll(new Uint8Array(entry.buffer), 1, 0)
    return (entry.getInt16(6, true) & (events | POLLERR | POLLHUP)) !== 0
  }
}

/** `struct sockaddr_in` or `sockaddr_in6`; ports and addresses in network order. */
function socketAddress({ addr, port }: DialEnd, scope = 0): Uint8Array {
  const address = parseAddress(addr)
  if (address === undefined) throw new Error(`${addr} is not an address`)
  const { family, words } = address
  const bytes = new Uint8Array(family === 4 ? SOCKADDR_IN : SOCKADDR_IN6)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, family === 4 ? AF_INET : AF_INET6, true)
  view.setUint16(2, port)
  if (family === 4) view.setUint32(4, words[0]!)
  else {
    for (const [i, word] of words.entries()) view.setUint32(8 + 4 * i, word)
    view.setUint32(24, scope, true)
  }
  return bytes
}

/** The end that the kernel chose; `undefined` before it has a port. */
function localEnd(fd: number): DialEnd | undefined {
  const bytes = new Uint8Array(SOCKADDR_IN6)
  const length = new Uint8Array(Uint32Array.of(bytes.length).buffer)
  if (libc.getsockname(fd, bytes, length) === -1) return undefined
  const view = new DataView(bytes.buffer)
  const port = view.getUint16(2)
  if (port === 0) return undefined
  if (view.getUint16(0, true) === AF_INET) return { addr: formatAddress(4, [view.getUint32(4)]), port }
  return {
    addr: formatAddress(
      6,
      [0, 1, 2, 3].map((i) => view.getUint32(8 + 4 * i)),
    ),
    port,
  }
}
