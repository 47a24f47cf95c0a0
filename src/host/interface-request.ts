import { readFileSync } from 'node:fs'
import * as libc from './libc.ts'

/** What the kernel tells about one interface of the calling thread's network namespace. */
export interface InterfaceFacts {
  readonly index: number
  /** IFF_ bits (linux/if.h). */
  readonly flags: number
  readonly mtu: number
  /** ARPHRD_ number (linux/if_arp.h). */
  readonly hardwareType: number
  /** Six bytes; meaningful for Ethernet only. */
  readonly mac: Uint8Array
  readonly wireless?: true
}

const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
/** `struct ifreq`: the name at 0, the answer at 16. */
const REQUEST_LENGTH = 40
const ANSWER = 16
const SIOCGIFFLAGS = 0x8913
const SIOCGIFMTU = 0x8921
const SIOCGIFHWADDR = 0x8927
const SIOCGIFINDEX = 0x8933
/** Answered by wireless interfaces only (linux/wireless.h). */
const SIOCGIWNAME = 0x8b01

/**
 * All interfaces of this thread's network namespace, with the packets that each dropped on receiving.
 * Not from /sys, which keeps showing the namespace that it was mounted in (`nsenter --net`, `setns`).
 */
export function interfaceStatistics(): { readonly name: string; readonly receiveDrops: number }[] {
  const [, , ...rows] = readFileSync('/proc/thread-self/net/dev', 'latin1').trimEnd().split('\n')
  return rows.map((row) => {
    const colon = row.lastIndexOf(':')
    // Receive: bytes packets errs drop …
    const drops = row
      .slice(colon + 1)
      .trim()
      .split(/\s+/)[3]
    return { name: row.slice(0, colon).trim(), receiveDrops: Number(drops) }
  })
}

/** `undefined` when there is no interface of that name (it can vanish at any moment). */
export function interfaceFacts(name: string): InterfaceFacts | undefined {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd === -1) throw libc.lastError('Cannot ask for interfaces')
  try {
    const index = ask(fd, SIOCGIFINDEX, name)?.getInt32(ANSWER, true)
    const flags = ask(fd, SIOCGIFFLAGS, name)?.getUint16(ANSWER, true)
    const mtu = ask(fd, SIOCGIFMTU, name)?.getInt32(ANSWER, true)
    const hardware = ask(fd, SIOCGIFHWADDR, name)
    if (index === undefined || flags === undefined || mtu === undefined || hardware === undefined)
      return undefined
    const mac = new Uint8Array(hardware.buffer, ANSWER + 2, 6)
    const wireless = ask(fd, SIOCGIWNAME, name) === undefined ? {} : { wireless: true as const }
    return { index, flags, mtu, hardwareType: hardware.getUint16(ANSWER, true), mac, ...wireless }
  } finally {
    libc.close(fd)
  }
}

function ask(fd: number, request: number, name: string): DataView | undefined {
  const bytes = new Uint8Array(new ArrayBuffer(REQUEST_LENGTH))
  bytes.set(new TextEncoder().encode(name).subarray(0, ANSWER - 1))
  return libc.ioctlPointer(fd, request, bytes) === 0 ? new DataView(bytes.buffer) : undefined
}
