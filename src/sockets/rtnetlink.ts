import { type Address, formatAddress } from '../wire/address.ts'
import { eachAttribute } from './diag-attributes.ts'
import { AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP } from './diag-request.ts'

/** Messages of NETLINK_ROUTE (linux/rtnetlink.h, linux/neighbour.h, linux/if_addr.h), little-endian host order. */
export const RTM_GETADDR = 22
export const RTM_GETROUTE = 26
export const RTM_GETNEIGH = 30

const ROUTE_LENGTH = 12
const NEIGHBOR_LENGTH = 12
const ADDRESS_LENGTH = 8
const ATTRIBUTE_HEADER = 4

const RTA_DST = 1
const RTA_SRC = 2
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PREFSRC = 7
const RTA_VIA = 18
const RTA_IP_PROTO = 27
const RTA_DPORT = 29
/** The answer names the table that the route was found in. */
const RTM_F_LOOKUP_TABLE = 0x1000

const NDA_DST = 1
const NDA_LLADDR = 2
const IFA_ADDRESS = 1
const IFA_LOCAL = 2

const ROUTE_KINDS = {
  1: 'unicast',
  2: 'local',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
} as const

/** NUD_*: one bit each. */
const NEIGHBOR_STATES: readonly (readonly [bit: number, name: string])[] = [
  [0x01, 'INCOMPLETE'],
  [0x02, 'REACHABLE'],
  [0x04, 'STALE'],
  [0x08, 'DELAY'],
  [0x10, 'PROBE'],
  [0x20, 'FAILED'],
  [0x40, 'NOARP'],
  [0x80, 'PERMANENT'],
]

export type RouteKind = (typeof ROUTE_KINDS)[keyof typeof ROUTE_KINDS] | 'other'

/** Where packets to one address go. */
export interface Route {
  readonly kind: RouteKind
  /** Index of the interface; 0 when there is none. */
  readonly interface: number
  readonly gateway?: string
  readonly source?: string
}

export interface Neighbor {
  readonly state: string
  /** Link-layer address, `02:00:…`; absent while it is not known. */
  readonly address?: string
}

export interface RouteQuery {
  readonly to: Address
  readonly from?: Address | undefined
  readonly proto: 'tcp' | 'udp'
  /** Destination port, which a routing rule may ask for; needs Linux 4.17. */
  readonly port: number
}

/** Asks for the route of one packet, as `ip route get` does. */
export function routeRequest({ to, from, proto, port }: RouteQuery): Uint8Array {
  const attributes = [
    attribute(RTA_DST, addressBytes(to)),
    ...(from === undefined ? [] : [attribute(RTA_SRC, addressBytes(from))]),
    attribute(RTA_IP_PROTO, Uint8Array.of(proto === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP)),
    attribute(RTA_DPORT, Uint8Array.of(port >>> 8, port & 0xff)),
  ]
  const header = new Uint8Array(ROUTE_LENGTH)
  const bits = to.family === 4 ? 32 : 128
  header[0] = familyNumber(to)
  header[1] = bits
  header[2] = from === undefined ? 0 : bits
  new DataView(header.buffer).setUint32(8, RTM_F_LOOKUP_TABLE, true)
  return concatenate([header, ...attributes])
}

/** `view[offset, end)` is the body of an RTM_NEWROUTE. */
export function parseRoute(view: DataView, offset: number, end: number): Route | undefined {
  if (offset + ROUTE_LENGTH > end) return undefined
  const family = view.getUint8(offset)
  const kind = ROUTE_KINDS[view.getUint8(offset + 7) as keyof typeof ROUTE_KINDS] ?? 'other'
  const found: { -readonly [Key in keyof Route]: Route[Key] } = { kind, interface: 0 }
  eachAttribute(view, offset + ROUTE_LENGTH, end, (type, at, limit) => {
    if (type === RTA_OIF && limit - at >= 4) found.interface = view.getUint32(at, true)
    else if (type === RTA_GATEWAY) setAddress(found, 'gateway', view, family, at, limit)
    else if (type === RTA_PREFSRC) setAddress(found, 'source', view, family, at, limit)
    // A next hop of the other family: u16 family, then the address.
    else if (type === RTA_VIA && limit - at >= 6)
      setAddress(found, 'gateway', view, view.getUint16(at, true), at + 2, limit)
  })
  return found
}

/** Asks for one entry of the neighbour table; needs Linux 5.0. */
export function neighborRequest(interfaceIndex: number, address: Address): Uint8Array {
  const header = new Uint8Array(NEIGHBOR_LENGTH)
  header[0] = familyNumber(address)
  new DataView(header.buffer).setInt32(4, interfaceIndex, true)
  return concatenate([header, attribute(NDA_DST, addressBytes(address))])
}

/** `view[offset, end)` is the body of an RTM_NEWNEIGH. */
export function parseNeighbor(view: DataView, offset: number, end: number): Neighbor | undefined {
  if (offset + NEIGHBOR_LENGTH > end) return undefined
  const bits = view.getUint16(offset + 8, true)
  const state = NEIGHBOR_STATES.find(([bit]) => (bits & bit) !== 0)?.[1] ?? 'NONE'
  let address: string | undefined
  eachAttribute(view, offset + NEIGHBOR_LENGTH, end, (type, at, limit) => {
    if (type !== NDA_LLADDR) return
    const bytes: string[] = []
    for (let index = at; index < limit; index++)
      bytes.push(view.getUint8(index).toString(16).padStart(2, '0'))
    address = bytes.join(':')
  })
  return { state, ...(address !== undefined && { address }) }
}

/** Asks for every address of every interface. */
export function addressesRequest(): Uint8Array {
  return new Uint8Array(ADDRESS_LENGTH)
}

/** The own address in an RTM_NEWADDR, `view[offset, end)`: on a point-to-point link not the peer's. */
export function parseInterfaceAddress(view: DataView, offset: number, end: number): string | undefined {
  if (offset + ADDRESS_LENGTH > end) return undefined
  const family = view.getUint8(offset)
  const found: { address?: string; local?: string } = {}
  eachAttribute(view, offset + ADDRESS_LENGTH, end, (type, at, limit) => {
    if (type === IFA_LOCAL) setAddress(found, 'local', view, family, at, limit)
    else if (type === IFA_ADDRESS) setAddress(found, 'address', view, family, at, limit)
  })
  return found.local ?? found.address
}

/** Names the address in `bytes`, unless they are too few or of no internet family. */
function setAddress<Key extends string>(
  into: Partial<Record<Key, string>>,
  key: Key,
  view: DataView,
  family: number,
  at: number,
  end: number,
): void {
  const words = family === AF_INET ? 1 : 4
  if ((family !== AF_INET && family !== AF_INET6) || end - at < 4 * words) return
  into[key] = formatAddress(
    family === AF_INET ? 4 : 6,
    Array.from({ length: words }, (_, word) => view.getUint32(at + 4 * word)),
  )
}

function familyNumber({ family }: Address): number {
  return family === 4 ? AF_INET : AF_INET6
}

function addressBytes({ family, words }: Address): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16)
  const view = new DataView(bytes.buffer)
  for (let word = 0; 4 * word < bytes.length; word++) view.setUint32(4 * word, words[word]!)
  return bytes
}

/** Padded to a multiple of four; the length in its header is without the padding. */
function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((ATTRIBUTE_HEADER + value.length + 3) & ~3)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, ATTRIBUTE_HEADER + value.length, true)
  view.setUint16(2, type, true)
  bytes.set(value, ATTRIBUTE_HEADER)
  return bytes
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
