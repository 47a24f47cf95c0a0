import { readdirSync, readlinkSync } from 'node:fs'
import * as libc from '../libc.ts'

const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLLIN = 1

/**
 * Opens a `cap` handle so that it survives its interface. The package aborts the whole process when its packet
 * socket reports an error, as it does when the interface goes down. So the socket's number is given to an epoll
 * descriptor that watches the socket: libuv and libpcap then see an error as "readable", and find no packet.
 * (libpcap reads from its mapped ring, for which it needs the number only to wait.)
 *
 * Returns what `open` returns and a descriptor of the socket, to be closed by the caller; `undefined` where there
 * is nothing to guard against (not Linux).
 */
export function openGuarded<T>(open: () => T): { readonly result: T; readonly socket: number | undefined } {
  if (process.platform !== 'linux') return { result: open(), socket: undefined }
  const before = new Set(socketDescriptors())
  const result = open()
  const number = socketDescriptors().find((fd) => !before.has(fd))
  return { result, socket: number === undefined ? undefined : standInFront(number) }
}

function standInFront(number: number): number {
  const socket = libc.dup(number)
  const epoll = libc.epollCreate(EPOLL_CLOEXEC)
  const event = new Uint8Array(16)
  new DataView(event.buffer).setUint32(0, EPOLLIN, true)
  if (socket === -1 || epoll === -1 || libc.epollControl(epoll, EPOLL_CTL_ADD, socket, event) === -1)
    throw libc.lastError('Cannot watch the packet socket of libpcap')
  libc.dup2(epoll, number)
  libc.close(epoll)
  return socket
}

function socketDescriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number).filter(isSocket)
}

/** The descriptor of the listing itself is closed already: not a socket. */
function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    return false
  }
}
