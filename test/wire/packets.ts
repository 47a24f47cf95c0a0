import { EthernetHeader } from '../../src/wire/ethernet.ts'
import { GENEVE_PORT, GeneveHeader } from '../../src/wire/geneve.ts'
import { GreHeader } from '../../src/wire/gre.ts'
import { GTP_PORT, GtpHeader } from '../../src/wire/gtp.ts'
import { IcmpHeader } from '../../src/wire/icmp.ts'
import { Icmp6Header } from '../../src/wire/icmp6.ts'
import { type IpcompFields, IpcompHeader } from '../../src/wire/ipcomp.ts'
import { type Ipv4Fields, Ipv4Header } from '../../src/wire/ipv4.ts'
import { type Ipv6Fields, Ipv6Header } from '../../src/wire/ipv6.ts'
import { ExtensionHeader } from '../../src/wire/ipv6-ext.ts'
import { L2TP_PORT, L2tpHeader } from '../../src/wire/l2tp.ts'
import { MplsStack } from '../../src/wire/mpls.ts'
import { NullHeader } from '../../src/wire/null-loop.ts'
import { PpiHeader } from '../../src/wire/ppi.ts'
import { PppHeader } from '../../src/wire/ppp.ts'
import { PppoeHeader } from '../../src/wire/pppoe.ts'
import { RadiotapHeader } from '../../src/wire/radiotap.ts'
import { SllHeader } from '../../src/wire/sll.ts'
import { Sll2Header } from '../../src/wire/sll2.ts'
import { SnapHeader } from '../../src/wire/snap.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'
import { ACK } from '../../src/wire/tcp-bits.ts'
import { type TcpOptionFields, TcpOptions } from '../../src/wire/tcp-options.ts'
import { UdpHeader } from '../../src/wire/udp.ts'
import { VlanTag } from '../../src/wire/vlan.ts'
import { VXLAN_PORT, VxlanHeader } from '../../src/wire/vxlan.ts'
import { WlanHeader } from '../../src/wire/wlan.ts'

/** Packets for tests, one function a layer: each puts its header before the bytes it is given. */
type Emit = (view: DataView) => number

function before(payload: Uint8Array, emit: Emit): Uint8Array {
  const header = new Uint8Array(128)
  const length = emit(new DataView(header.buffer))
  const packet = new Uint8Array(length + payload.length)
  packet.set(header.subarray(0, length))
  packet.set(payload, length)
  return packet
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

/** `data` is compressed already. */
export function ipcomp(data: Uint8Array, fields: IpcompFields): Uint8Array {
  return before(data, (view) => IpcompHeader.emit(view, 0, fields))
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

export function gre(etherType: number, payload: Uint8Array, key?: number): Uint8Array {
  return before(payload, (view) =>
    GreHeader.emit(view, 0, key === undefined ? { etherType } : { etherType, key }),
  )
}

/** With the UDP header around it, whose destination is the assigned port. */
export function vxlan(identifier: number, payload: Uint8Array): Uint8Array {
  return udpTo(
    VXLAN_PORT,
    before(payload, (view) => VxlanHeader.emit(view, 0, { identifier })),
  )
}

export function geneve(identifier: number, etherType: number, payload: Uint8Array): Uint8Array {
  return udpTo(
    GENEVE_PORT,
    before(payload, (view) => GeneveHeader.emit(view, 0, { identifier, etherType })),
  )
}

export function gtp(tunnel: number, payload: Uint8Array): Uint8Array {
  return udpTo(
    GTP_PORT,
    before(payload, (view) => GtpHeader.emit(view, 0, { tunnel })),
  )
}

export function l2tp(payload: Uint8Array): Uint8Array {
  return udpTo(
    L2TP_PORT,
    before(payload, (view) => L2tpHeader.emit(view, 0, { tunnel: 7 })),
  )
}

export function ppp(protocol: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => PppHeader.emit(view, 0, { protocol, addressed: true }))
}

export function pppoe(payload: Uint8Array): Uint8Array {
  return before(payload, (view) => PppoeHeader.emit(view, 0, { session: 1 }))
}

export function mpls(label: number, bottom: boolean, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => MplsStack.emit(view, 0, { label, bottom }))
}

export function wlan(payload: Uint8Array): Uint8Array {
  return before(payload, (view) => WlanHeader.emit(view, 0, { flags: 1, qos: true }))
}

export function radiotap(payload: Uint8Array): Uint8Array {
  return before(payload, (view) => RadiotapHeader.emit(view, 0, { headerLength: 8 }))
}

export function ppi(linkType: number, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => PpiHeader.emit(view, 0, { linkType }))
}

export function udpTo(destinationPort: number, payload: Uint8Array): Uint8Array {
  const length = 8 + payload.length
  return before(payload, (view) => UdpHeader.emit(view, 0, { sourcePort: 40000, destinationPort, length }))
}

export function bsdLoopback(family: number, littleEndian: boolean, payload: Uint8Array): Uint8Array {
  return before(payload, (view) => NullHeader.emit(view, 0, { family, littleEndian }))
}
