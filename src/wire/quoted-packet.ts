import type { Frame } from './frame.ts'
import { Ipv4Header, PROTOCOL_TCP, PROTOCOL_UDP } from './ipv4.ts'
import { IPV6_HEADER_LENGTH, Ipv6Header } from './ipv6.ts'
import { EXTENSION_FRAGMENT, ExtensionHeader, isExtension } from './ipv6-ext.ts'

/** What every router quotes of the transport header: ports, and TCP's sequence number (RFC 792). */
const QUOTED_TRANSPORT = 8

/**
 * The packet inside an ICMP error. Its lengths and checksums are those of the original and say nothing about
 * the quotation. Borrowed: numbers copied by `at()`, valid until the next packet; nothing holds while `valid` is 0.
 */
export class QuotedPacket {
  private readonly ipv4 = new Ipv4Header()
  private readonly ipv6 = new Ipv6Header()
  private readonly extension = new ExtensionHeader()
  /** 1 when all the rest is read. */
  valid = 0
  family = 0
  /** 4 words each, as in `PacketStack`. */
  readonly source: Uint32Array = new Uint32Array(4)
  readonly destination: Uint32Array = new Uint32Array(4)
  protocol = 0
  /** 0 unless TCP or UDP. */
  sourcePort = 0
  destinationPort = 0
  /** TCP's sequence number; 0 for others. */
  sequence = 0

  /** False, and `valid` 0, when the addresses or the first 8 bytes of TCP or UDP are not there. */
  at(frame: Frame, offset: number): boolean {
    this.valid = 0
    const transport = this.network(frame, offset)
    if (transport < 0) return false
    this.sourcePort = 0
    this.destinationPort = 0
    this.sequence = 0
    if (this.protocol === PROTOCOL_TCP || this.protocol === PROTOCOL_UDP) {
      if (transport + QUOTED_TRANSPORT > frame.end) return false
      this.sourcePort = frame.view.getUint16(transport)
      this.destinationPort = frame.view.getUint16(transport + 2)
      if (this.protocol === PROTOCOL_TCP) this.sequence = frame.view.getUint32(transport + 4)
    }
    this.valid = 1
    return true
  }

  /** Offset of the transport header, -1 when it cannot be found or is in another fragment. */
  private network(frame: Frame, offset: number): number {
    const ipv4 = this.ipv4
    if (ipv4.at(frame, offset)) {
      if (ipv4.fragmentOffset !== 0) return -1
      this.family = 4
      this.source.fill(0)
      this.destination.fill(0)
      this.source[0] = ipv4.source
      this.destination[0] = ipv4.destination
      this.protocol = ipv4.protocol
      return offset + ipv4.headerLength
    }
    const ipv6 = this.ipv6
    if (!ipv6.at(frame, offset)) return -1
    this.family = 6
    for (let word = 0; word < 4; word++) {
      this.source[word] = ipv6.source(word)
      this.destination[word] = ipv6.destination(word)
    }
    this.protocol = ipv6.nextHeader
    return this.extensions(frame, offset + IPV6_HEADER_LENGTH)
  }

  private extensions(frame: Frame, offset: number): number {
    const extension = this.extension
    while (isExtension(this.protocol)) {
      if (!extension.at(frame, offset, this.protocol)) return -1
      if (this.protocol === EXTENSION_FRAGMENT && extension.fragmentOffset !== 0) return -1
      this.protocol = extension.nextHeader
      offset += extension.headerLength
    }
    return offset
  }
}
