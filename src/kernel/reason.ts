import type { DropFilter } from './drop-program.ts'

/**
 * Reasons that are no loss to a connection and come by themselves in healthy traffic: the packet was used, was there
 * before, belonged to a socket that its owner closed, carried the reset that is told by itself, or was a sniffer's copy.
 */
const NOISE = [
  'NOT_DROPPED_YET',
  'CONSUMED',
  'SOCKET_CLOSE',
  'TCP_OLD_DATA',
  'TCP_OFOMERGE',
  'TCP_RESET',
  'QUEUE_PURGE',
  'PACKET_SOCK_ERROR',
  'DUP_FRAG',
]

/**
 * Noise but for a SYN. OTHERHOST is every packet for somebody else while a sniffer has the interface promiscuous; a
 * SYN still tells of a wrong MAC address. NOT_SPECIFIED is the last FIN of each connection, which a TIME_WAIT socket
 * takes (Linux 6.18).
 */
const NOISE_BUT_SYN = ['OTHERHOST', 'NOT_SPECIFIED']

/** `SKB_DROP_REASON_NO_SOCKET`, `SKB_CONSUMED`, `SK_RST_REASON_TCP_STATE`: what tells them apart. */
const PREFIX = /^(SKB_DROP_REASON_|SKB_|SK_RST_REASON_)/

/** Names by number as people know them, without the enum's prefix. */
export function reasonNames(enumerators: ReadonlyMap<number, string>): Map<number, string> {
  return new Map([...enumerators].map(([number, name]) => [number, name.replace(PREFIX, '')]))
}

/** The noise by this kernel's numbers. */
export function dropFilter(names: ReadonlyMap<number, string>): DropFilter {
  const numbers = (wanted: readonly string[]): number[] =>
    [...names].filter(([, name]) => wanted.includes(name)).map(([number]) => number)
  return { never: numbers(NOISE), onlySyn: numbers(NOISE_BUT_SYN) }
}
