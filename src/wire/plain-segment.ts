import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { EMPTY_VIEW, Frame } from './frame.ts'
import { TcpOptions } from './tcp-options.ts'

const LINK_ETHERNET = 1
const ETHER_TYPE = 12
const NETWORK = 14
// IPv4 without options, IPv6 without extension headers; offsets from the IP header (RFC 791, RFC 8200).
const IPV4_LENGTH = 20
const IPV4_VERSION_LENGTH = 0x45
const IPV4_TOTAL_LENGTH = 2
const IPV4_FRAGMENT = 6
const IPV4_TTL = 8
const IPV4_PROTOCOL = 9
const IPV4_SOURCE = 12
const IPV4_DESTINATION = 16
/** More fragments, or an offset: all bits but "don't fragment". */
const IS_FRAGMENT = 0xbfff
const IPV6_LENGTH = 40
const IPV6_PAYLOAD_LENGTH = 4
const IPV6_NEXT_HEADER = 6
const IPV6_HOP_LIMIT = 7
const IPV6_SOURCE = 8
const IPV6_DESTINATION = 24
const TCP = 6
// RFC 9293 section 3.1, offsets from the TCP header.
const TCP_LENGTH = 20
const DESTINATION_PORT = 2
const SEQUENCE = 4
const ACKNOWLEDGEMENT = 8
const DATA_OFFSET_FLAGS = 12
const WINDOW = 14

/**
 * What nine packets of ten are, read in one go: a TCP segment right behind Ethernet and a bare IP header, nothing
 * cut before the end of the TCP header, all lengths sound. It tells what `PacketStack` tells of the same packet,
 * which takes three times as long; everything else is left to that.
 *
 * Borrowed: valid after `at()` returned true, until the next packet.
 */
export class PlainSegment {
  /** 4 or 6. */
  family = 0
  /** 4 words; IPv4 is word 0, the others 0. */
  readonly source: Uint32Array = new Uint32Array(4)
  readonly destination: Uint32Array = new Uint32Array(4)
  /** Bytes of payload on the wire. */
  payloadLength = 0
  /** Set by whoever reads the capture, nanoseconds: as an argument it would be put on the heap for each packet. */
  time = 0.5
  /** Index of its interface, and its 1-based frame number; set with `time`. */
  iface = 0
  packet = 0
  /** TTL or hop limit. */
  ttl = 0
  private readonly options = new TcpOptions()
  private frame: Frame = new Frame()
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when the packet is anything else. */
  at(frame: Frame, linkType: number): boolean {
    const { view, start } = frame
    if (linkType !== LINK_ETHERNET || start + NETWORK + IPV4_LENGTH + TCP_LENGTH > frame.end) return false
    const ip = start + NETWORK
    const etherType = view.getUint16(start + ETHER_TYPE)
    if (etherType === ETHERTYPE_IPV4) {
      if (view.getUint8(ip) !== IPV4_VERSION_LENGTH || view.getUint8(ip + IPV4_PROTOCOL) !== TCP) return false
      if ((view.getUint16(ip + IPV4_FRAGMENT) & IS_FRAGMENT) !== 0) return false
      const end = ip + view.getUint16(ip + IPV4_TOTAL_LENGTH)
      if (!this.atTcp(frame, ip + IPV4_LENGTH, end)) return false
      this.family = 4
      this.ttl = view.getUint8(ip + IPV4_TTL)
      this.source[0] = view.getUint32(ip + IPV4_SOURCE)
      this.destination[0] = view.getUint32(ip + IPV4_DESTINATION)
      for (let word = 1; word < 4; word++) this.source[word] = this.destination[word] = 0
      return true
    }
    if (etherType !== ETHERTYPE_IPV6 || view.getUint8(ip) >> 4 !== 6) return false
    if (view.getUint8(ip + IPV6_NEXT_HEADER) !== TCP) return false
    const end = ip + IPV6_LENGTH + view.getUint16(ip + IPV6_PAYLOAD_LENGTH)
    if (!this.atTcp(frame, ip + IPV6_LENGTH, end)) return false
    this.family = 6
    this.ttl = view.getUint8(ip + IPV6_HOP_LIMIT)
    for (let word = 0; word < 4; word++) {
      this.source[word] = view.getUint32(ip + IPV6_SOURCE + word * 4)
      this.destination[word] = view.getUint32(ip + IPV6_DESTINATION + word * 4)
    }
    return true
  }

  /** `end` is where the IP packet ends by its own length. */
  private atTcp(frame: Frame, offset: number, end: number): boolean {
    const { view } = frame
    if (offset + TCP_LENGTH > frame.end || end > frame.wireEnd) return false
    const headerLength = (view.getUint8(offset + DATA_OFFSET_FLAGS) >> 4) * 4
    const length = end - offset - headerLength
    if (headerLength < TCP_LENGTH || length < 0) return false
    this.frame = frame
    this.view = view
    this.offset = offset
    this.payloadLength = length
    return true
  }

  /** Borrowed: valid until the next packet. */
  readOptions(): TcpOptions {
    const length = (this.view.getUint8(this.offset + DATA_OFFSET_FLAGS) >> 4) * 4 - TCP_LENGTH
    if (length > 0) this.options.at(this.frame, this.offset + TCP_LENGTH, length)
    else this.options.clear()
    return this.options
  }

  get sourcePort(): number {
    return this.view.getUint16(this.offset)
  }

  get destinationPort(): number {
    return this.view.getUint16(this.offset + DESTINATION_PORT)
  }

  get sequence(): number {
    return this.view.getUint32(this.offset + SEQUENCE)
  }

  get acknowledgement(): number {
    return this.view.getUint32(this.offset + ACKNOWLEDGEMENT)
  }

  /** The nine flags, as `TcpHeader.flags`. */
  get flags(): number {
    return this.view.getUint16(this.offset + DATA_OFFSET_FLAGS) & 0x1ff
  }

  /** As sent, unscaled. */
  get window(): number {
    return this.view.getUint16(this.offset + WINDOW)
  }
}
