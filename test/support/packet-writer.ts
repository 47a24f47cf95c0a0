import { parseAddress } from '../../src/wire/address.ts'
import { Frame } from '../../src/wire/frame.ts'
import { IcmpHeader } from '../../src/wire/icmp.ts'
import { Icmp6Header } from '../../src/wire/icmp6.ts'
import { Ipv4Header } from '../../src/wire/ipv4.ts'
import { Ipv6Header } from '../../src/wire/ipv6.ts'
import { PacketStack } from '../../src/wire/stack.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'
import { type TcpOptionFields, TcpOptions } from '../../src/wire/tcp-options.ts'
import { UdpHeader } from '../../src/wire/udp.ts'

export interface Peer {
  readonly addr: string
  readonly port: number
}

export interface SegmentFields {
  readonly seq: number
  readonly ack?: number
  readonly flags: number
  readonly win?: number
  /** Payload bytes; they are not in memory, as if the capture had been cut behind the headers. */
  readonly len?: number
  readonly options?: TcpOptionFields
}

const LINK_RAW = 101

/** Writes one packet at a time and decodes it: what a tracker gets from a capture, without a capture. */
export class PacketWriter {
  readonly stack = new PacketStack()
  readonly bytes = new Uint8Array(256)
  private readonly view = new DataView(this.bytes.buffer)
  private readonly frame = new Frame()
  /** Lengths of the latest packet: its bytes in memory, and on the wire. */
  captured = 0
  original = 0

  constructor() {
    this.frame.rebind(this.bytes, this.view)
  }

  tcp(from: Peer, to: Peer, fields: SegmentFields): PacketStack {
    const headers = this.writeTcp(0, from, to, fields)
    return this.decode(headers, headers + (fields.len ?? 0))
  }

  udp(from: Peer, to: Peer, length: number): PacketStack {
    const at = this.writeIp(0, from, to, 17, 8 + length)
    UdpHeader.emit(this.view, at, { sourcePort: from.port, destinationPort: to.port, length: 8 + length })
    return this.decode(at + 8, at + 8 + length)
  }

  /** An ICMP message without a quotation. */
  icmp(from: string, to: string, type: number, code: number): PacketStack {
    const at = this.writeIcmp(from, to, type, code, 0)
    return this.decode(at, at)
  }

  /** An ICMP error that quotes a segment up to the end of its TCP header. */
  icmpError(
    router: string,
    type: number,
    code: number,
    from: Peer,
    to: Peer,
    quoted: SegmentFields,
  ): PacketStack {
    const size = from.addr.includes(':') ? 40 : 20
    const at = this.writeIcmp(router, from.addr, type, code, size + 20)
    const end = this.writeTcp(at, from, to, { ...quoted, options: {} })
    return this.decode(end, end)
  }

  private decode(captured: number, original: number): PacketStack {
    this.captured = captured
    this.original = original
    this.frame.move(0, captured, original)
    this.stack.walk(this.frame, LINK_RAW)
    return this.stack
  }

  private writeTcp(at: number, from: Peer, to: Peer, fields: SegmentFields): number {
    const ip = from.addr.includes(':') ? 40 : 20
    const options = TcpOptions.emit(this.view, at + ip + 20, fields.options ?? {})
    const headerLength = 20 + options
    TcpHeader.emit(this.view, at + ip, {
      sourcePort: from.port,
      destinationPort: to.port,
      sequence: fields.seq,
      acknowledgement: fields.ack ?? 0,
      headerLength,
      flags: fields.flags,
      window: fields.win ?? 65_535,
    })
    return this.writeIp(at, from, to, 6, headerLength + (fields.len ?? 0)) + headerLength
  }

  private writeIcmp(from: string, to: string, type: number, code: number, quoted: number): number {
    const v6 = from.includes(':')
    const at = this.writeIp(0, { addr: from, port: 0 }, { addr: to, port: 0 }, v6 ? 58 : 1, 8 + quoted)
    return at + (v6 ? Icmp6Header : IcmpHeader).emit(this.view, at, { type, code })
  }

  private writeIp(at: number, from: Peer, to: Peer, protocol: number, length: number): number {
    const source = parseAddress(from.addr)!
    const destination = parseAddress(to.addr)!
    if (source.family === 4) {
      return (
        at +
        Ipv4Header.emit(this.view, at, {
          totalLength: 20 + length,
          protocol,
          ttl: 64,
          source: source.words[0]!,
          destination: destination.words[0]!,
        })
      )
    }
    return (
      at +
      Ipv6Header.emit(this.view, at, {
        payloadLength: length,
        nextHeader: protocol,
        source: source.words,
        destination: destination.words,
      })
    )
  }
}
