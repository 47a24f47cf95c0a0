import { EthernetHeader } from '../../src/wire/ethernet.ts'
import { IcmpHeader } from '../../src/wire/icmp.ts'
import { Icmp6Header } from '../../src/wire/icmp6.ts'
import { type Ipv4Fields, Ipv4Header } from '../../src/wire/ipv4.ts'
import { type Ipv6Fields, Ipv6Header } from '../../src/wire/ipv6.ts'
import { ExtensionHeader } from '../../src/wire/ipv6-ext.ts'
import { NullHeader } from '../../src/wire/null-loop.ts'
import { SllHeader } from '../../src/wire/sll.ts'
import { Sll2Header } from '../../src/wire/sll2.ts'
import { SnapHeader } from '../../src/wire/snap.ts'
import { ACK, TcpHeader } from '../../src/wire/tcp.ts'
import { type TcpOptionFields, TcpOptions } from '../../src/wire/tcp-options.ts'
import { UdpHeader } from '../../src/wire/udp.ts'
import { VlanTag } from '../../src/wire/vlan.ts'

/** Packets for tests, one function a layer: each puts its header before the bytes it is given. */
type Emit = (view: DataView) => number

function before(payload: Uint8Array, emit: Emit): Uint8Array {
  const header = new Uint8Array(128)
  const length = emit(new DataView(header.buffer))
  return Uint8Array.of(...header.subarray(0, length), ...payload)
}

export const CLIENT = 0x0a000001
export const SERVER = 0x0a000002
export const CLIENT6 = [0x20010db8, 0, 0, 1]
export const SERVER6 = [0x20010db8, 0, 0, 2]

/** Port 40000 to 80, sequence number 1000, ACK. */
export function tcp(payload: Uint8Array, options: TcpOptionFields = {}): Uint8Array {
  return before(payload, (view) => {
    const headerLength = 20 + TcpOptions.emit(view, 20, options)
    TcpHeader.emit(view, 0, {
      sourcePort: 40000,
      destinationPort: 80,
      sequence: 1000,
      flags: ACK,
      headerLength,
    })
    return headerLength
  })
}

export function udp(payload: Uint8Array, length = 8 + payload.length): Uint8Array {
  return before(payload, (view) =>
    UdpHeader.emit(view, 0, { sourcePort: 40000, destinationPort: 53, length }),
  )
}

export function icmp(payload: Uint8Array, type: number, code: number): Uint8Array {
  return before(payload, (view) => IcmpHeader.emit(view, 0, { type, code }))
}

export function icmp6(payload: Uint8Array, type: number, code: number): Uint8Array {
  return before(payload, (view) => Icmp6Header.emit(view, 0, { type, code }))
}

export function ipv4(protocol: number, payload: Uint8Array, fields: Partial<Ipv4Fields> = {}): Uint8Array {
  const headerLength = fields.headerLength ?? 20
  return before(payload, (view) => {
    const totalLength = headerLength + payload.length
    Ipv4Header.emit(view, 0, { protocol, source: CLIENT, destination: SERVER, totalLength, ...fields })
    return headerLength
  })
}

export function ipv6(nextHeader: number, payload: Uint8Array, fields: Partial<Ipv6Fields> = {}): Uint8Array {
  return before(payload, (view) =>
    Ipv6Header.emit(view, 0, {
      nextHeader,
      source: CLIENT6,
      destination: SERVER6,
      payloadLength: payload.length,
      ...fields,
    }),
  )
}

export function extension(
  kind: number,
  payload: Uint8Array,
  fields: Parameters<typeof ExtensionHeader.emit>[3],
): Uint8Array {
  return before(payload, (view) => ExtensionHeader.emit(view, 0, kind, fields))
}

export function ethernet(etherType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => EthernetHeader.emit(view, 0, { etherType }))
}

export function vlan(identifier: number, etherType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => VlanTag.emit(view, 0, { identifier, etherType }))
}

export function snap(etherType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => SnapHeader.emit(view, 0, { etherType }))
}

export function sll(arphrd: number, etherType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => SllHeader.emit(view, 0, { arphrd, etherType }))
}

export function sll2(arphrd: number, etherType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => Sll2Header.emit(view, 0, { arphrd, etherType, interfaceIndex: 1 }))
}

export function bsdLoopback(family: number, littleEndian: boolean, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => NullHeader.emit(view, 0, { family, littleEndian }))
}
