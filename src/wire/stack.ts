import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, EthernetHeader } from './ethernet.ts'
import { FragmentStore } from './fragment.ts'
import { Frame } from './frame.ts'
import { ICMP_HEADER_LENGTH, IcmpHeader } from './icmp.ts'
import { Icmp6Header } from './icmp6.ts'
import { CompressedPayload, PROTOCOL_IPCOMP } from './ipcomp.ts'
import { Ipv4Header, PROTOCOL_ICMP, PROTOCOL_ICMP6, PROTOCOL_TCP, PROTOCOL_UDP } from './ipv4.ts'
import { IPV6_HEADER_LENGTH, Ipv6Header } from './ipv6.ts'
import {
  EXTENSION_AUTHENTICATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  ExtensionHeader,
  isExtension,
} from './ipv6-ext.ts'
import { LAYER_LINK, type Layer } from './layer.ts'
import { LAYERS_BAD, LAYERS_UNKNOWN_LINK, Layers } from './layers.ts'
import { QuotedPacket } from './quoted-packet.ts'
import { Sll2Header } from './sll2.ts'
import { TcpHeader } from './tcp.ts'
import { TcpOptions } from './tcp-options.ts'
import { Tunnels } from './tunnel.ts'
import { UDP_HEADER_LENGTH, UdpHeader } from './udp.ts'

// LINKTYPE_ values; all others are in layers.ts.
const LINK_ETHERNET = 1
const LINK_LINUX_SLL2 = 276
/** Tunnels inside tunnels that are entered; a packet that goes deeper is not from this world. */
const MAX_TUNNELS = 8

/**
 * Walks one packet from its link header through tunnels to its transport payload. One instance serves every packet
 * of a capture, since it puts fragments together; everything in it is borrowed and valid until the next `walk`.
 * All lengths are bytes, all offsets absolute in `datagram.bytes`: the frame's, or those of the reassembled packet.
 *
 * The innermost packet is what is told. The IP length governs: link-layer padding is outside, and where snaplen
 * cut the packet, what is there is read.
 */
export class PacketStack {
  /** KIND_ constant. */
  kind = 0
  /** Index into REASONS; meaningful when `kind` is KIND_MALFORMED. */
  reason = 0
  /** 4, 6, or 0 when not IP. */
  family = 0
  /** 4 words; IPv4 is word 0, the others 0. */
  readonly source: Uint32Array = new Uint32Array(4)
  readonly destination: Uint32Array = new Uint32Array(4)
  /** TTL or hop limit. */
  ttl = 0
  /** IPv4 identification; of an IPv6 fragment its 32-bit one, else 0. */
  ipId = 0
  trafficClass = 0
  /** 1 or 0; 0 for IPv6, which routers never fragment. */
  dontFragment = 0
  /** IANA number, after extension headers. */
  protocol = 0
  /** Number of the network behind tunnels (`Tunnels.number`); 0 when the packet came in none. */
  tunnel = 0
  /** Of the IP header; that of a packet put together from fragments, or inflated, is not among its bytes. */
  networkOffset = 0
  transportOffset = 0
  /** 0 unless TCP or UDP. */
  sourcePort = 0
  destinationPort = 0
  payloadOffset = 0
  /** Transport payload on the wire. Behind an unread transport protocol, all after the IP headers. */
  payloadLength = 0
  /** How many of them are in memory. */
  payloadCaptured = 0

  /** The IP packet alone: begins at its header, ends where its length says. Reassembled or inflated, it has none. */
  readonly datagram: Frame = new Frame()
  readonly tcp: TcpHeader = new TcpHeader()
  readonly tcpOptions: TcpOptions = new TcpOptions()
  readonly udp: UdpHeader = new UdpHeader()
  readonly icmp: IcmpHeader = new IcmpHeader()
  readonly icmp6: Icmp6Header = new Icmp6Header()
  /** Of an ICMP error; else `valid` is 0. */
  readonly quoted: QuotedPacket = new QuotedPacket()

  private readonly ethernet = new EthernetHeader()
  private readonly sll2 = new Sll2Header()
  private readonly layers = new Layers()
  private readonly tunnels = new Tunnels()
  private readonly fragments = new FragmentStore()
  private readonly compressed = new CompressedPayload()
  private readonly ipv4 = new Ipv4Header()
  private readonly ipv6 = new Ipv6Header()
  private readonly extension = new ExtensionHeader()
  private time = 0
  /** Tunnels entered where `tunnel` is not 0, and how many may be. */
  private depth = 0
  private maxDepth = MAX_TUNNELS

  /**
   * Reads the packet `frame` stands on; `linkType` is its LINKTYPE_ value, `time` that of its capture in nanoseconds:
   * the clock by which fragments expire. Returns `kind`.
   */
  walk(frame: Frame, linkType: number, time = 0): number {
    this.family = 0
    this.protocol = 0
    this.sourcePort = 0
    this.destinationPort = 0
    this.payloadLength = 0
    this.payloadCaptured = 0
    this.quoted.valid = 0
    this.tunnel = 0
    this.time = time
    this.kind = this.walkLink(frame, linkType)
    return this.tunnel === 0 || this.kind < KIND_NOT_IP ? this.kind : this.walkOuter(frame, linkType, time)
  }

  /** A tunnel whose inside cannot be told: the packet that carries it is. */
  private walkOuter(frame: Frame, linkType: number, time: number): number {
    this.maxDepth = 0
    this.walk(frame, linkType, time)
    this.maxDepth = MAX_TUNNELS
    return this.kind
  }

  /** The two link types of live captures go straight on: the way over `Layers` takes a tenth longer. */
  private walkLink(frame: Frame, linkType: number): number {
    const { start } = frame
    const { ethernet, sll2 } = this
    if (linkType === LINK_ETHERNET) {
      if (!ethernet.at(frame, start)) return this.malformed(LINK_BAD)
      return this.walkLayers(frame, start + ethernet.headerLength, ethernet.etherType)
    }
    if (linkType === LINK_LINUX_SLL2) {
      if (!sll2.at(frame, start)) return this.malformed(LINK_BAD)
      return this.walkLayers(frame, start + sll2.headerLength, sll2.etherType)
    }
    return this.walkLayers(frame, start, LAYER_LINK + linkType)
  }

  /** From an EtherType or LAYER_ number. */
  private walkLayers(frame: Frame, offset: number, type: number): number {
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return this.walkNetwork(frame, offset, type)
    const etherType = this.layers.follow(frame, offset, type)
    if (etherType === LAYERS_BAD) return this.malformed(LINK_BAD)
    if (etherType === LAYERS_UNKNOWN_LINK) return KIND_UNKNOWN_LINK
    return this.walkNetwork(frame, this.layers.offset, etherType)
  }

  private walkNetwork(frame: Frame, offset: number, etherType: number): number {
    this.networkOffset = offset
    const datagram = this.datagram
    datagram.rebind(frame.bytes, frame.view)
    datagram.start = offset
    datagram.end = frame.end
    datagram.wireEnd = frame.wireEnd
    if (etherType === ETHERTYPE_IPV4) return this.walkIpv4(offset)
    if (etherType === ETHERTYPE_IPV6) return this.walkIpv6(offset)
    return KIND_NOT_IP
  }

  private walkIpv4(offset: number): number {
    const ip = this.ipv4
    if (!ip.at(this.datagram, offset))
      return this.malformed(this.isCut(offset, 20) ? IPV4_TRUNCATED : IPV4_BAD)
    this.family = 4
    const source = this.source
    const destination = this.destination
    source[0] = ip.source
    source[1] = source[2] = source[3] = 0
    destination[0] = ip.destination
    destination[1] = destination[2] = destination[3] = 0
    this.ttl = ip.ttl
    this.ipId = ip.identification
    this.trafficClass = ip.trafficClass
    this.dontFragment = ip.dontFragment
    this.protocol = ip.protocol
    if (ip.totalLength !== 0) this.endAt(offset + ip.totalLength)
    const after = offset + ip.headerLength
    if (ip.isFragment && this.isGathered(ip.fragmentOffset))
      return this.walkFragment(after, ip.fragmentOffset, ip.moreFragments)
    return this.walkExtensions(after)
  }

  private walkIpv6(offset: number): number {
    const ip = this.ipv6
    if (!ip.at(this.datagram, offset))
      return this.malformed(this.isCut(offset, IPV6_HEADER_LENGTH) ? IPV6_TRUNCATED : IPV6_BAD)
    this.family = 6
    for (let word = 0; word < 4; word++) {
      this.source[word] = ip.source(word)
      this.destination[word] = ip.destination(word)
    }
    this.ttl = ip.hopLimit
    this.ipId = 0
    this.trafficClass = ip.trafficClass
    this.dontFragment = 0
    this.protocol = ip.nextHeader
    const after = offset + IPV6_HEADER_LENGTH
    const length = ip.payloadLength
    if (length !== 0) this.endAt(after + length)
    else if (
      this.protocol === EXTENSION_HOP_BY_HOP &&
      this.extension.at(this.datagram, after, EXTENSION_HOP_BY_HOP)
    ) {
      // RFC 2675 wants more than 65 535 here; BIG TCP's smaller ones are taken as they are.
      const jumbo = this.extension.jumboLength
      if (jumbo !== 0) this.endAt(after + jumbo)
    }
    return this.walkExtensions(after)
  }

  /** Steps over extension headers; behind IPv4 only the authentication header is one. */
  private walkExtensions(offset: number): number {
    const extension = this.extension
    while (isExtension(this.protocol) && (this.family === 6 || this.protocol === EXTENSION_AUTHENTICATION)) {
      if (!extension.at(this.datagram, offset, this.protocol)) return this.malformed(EXTENSION_TRUNCATED)
      const fragment = this.protocol === EXTENSION_FRAGMENT
      this.protocol = extension.nextHeader
      offset += extension.headerLength
      if (!fragment) continue
      this.ipId = extension.fragmentIdentification
      // A packet in one fragment is whole (RFC 6946).
      const position = extension.fragmentOffset
      if ((position | extension.moreFragments) !== 0 && this.isGathered(position))
        return this.walkFragment(offset, position, extension.moreFragments)
    }
    return this.walkTransport(offset)
  }

  /** A fragment that snaplen cut cannot be put together: the first is read as it is, since it has the headers. */
  private isGathered(position: number): boolean {
    return position !== 0 || this.isWhole()
  }

  /** Whether all that the IP header announces is in memory. */
  private isWhole(): boolean {
    const { end, wireEnd } = this.datagram
    const declared = this.family === 4 ? this.ipv4.totalLength : IPV6_HEADER_LENGTH + this.ipv6.payloadLength
    return end >= wireEnd && end >= this.networkOffset + declared
  }

  /** The fragment's payload begins at `offset`, in the packet at `position`. */
  private walkFragment(offset: number, position: number, more: number): number {
    if (!this.isWhole()) return this.opaque(offset, KIND_FRAGMENT)
    const { datagram, fragments } = this
    const length = datagram.end - offset
    const { bytes } = datagram
    if (!fragments.add(this, this.protocol, this.time, bytes, offset, length, position, more === 1))
      return this.opaque(offset, KIND_FRAGMENT)
    return this.walkApart(fragments)
  }

  /** A payload that stands in memory of its own. */
  private walkApart({ protocol, bytes, view, length }: FragmentStore | CompressedPayload): number {
    this.protocol = protocol
    this.datagram.rebind(bytes, view)
    this.datagram.move(0, length, length)
    return this.walkExtensions(0)
  }

  private walkTransport(offset: number): number {
    this.transportOffset = offset
    switch (this.protocol) {
      case PROTOCOL_TCP:
        return this.walkTcp(offset)
      case PROTOCOL_UDP:
        return this.walkUdp(offset)
      case PROTOCOL_ICMP:
        if (this.family !== 4) return this.opaque(offset, KIND_OTHER_IP)
        if (!this.icmp.at(this.datagram, offset)) return this.malformed(ICMP_TRUNCATED)
        if (this.icmp.isError) this.quoted.at(this.datagram, offset + ICMP_HEADER_LENGTH)
        this.setPayload(offset + ICMP_HEADER_LENGTH, this.datagram.wireEnd)
        return KIND_ICMP
      case PROTOCOL_ICMP6:
        if (this.family !== 6) return this.opaque(offset, KIND_OTHER_IP)
        if (!this.icmp6.at(this.datagram, offset)) return this.malformed(ICMP_TRUNCATED)
        if (this.icmp6.isError) this.quoted.at(this.datagram, offset + ICMP_HEADER_LENGTH)
        this.setPayload(offset + ICMP_HEADER_LENGTH, this.datagram.wireEnd)
        return KIND_ICMP
      case PROTOCOL_IPCOMP:
        if (!this.compressed.at(this.datagram, offset)) return this.opaque(offset, KIND_OTHER_IP)
        return this.walkApart(this.compressed)
      default:
        return this.walkTunnel(this.tunnels.behindIp(this.protocol), offset, KIND_OTHER_IP)
    }
  }

  /** Enters `tunnel`, whose header begins at `offset`; without one, or when it is damaged, the packet is `kind`. */
  private walkTunnel(tunnel: Layer | undefined, offset: number, kind: number): number {
    const depth = this.tunnel === 0 ? 0 : this.depth
    if (tunnel === undefined || depth >= this.maxDepth || !tunnel.at(this.datagram, offset)) {
      if (kind === KIND_OTHER_IP) this.opaque(offset, kind)
      return kind
    }
    this.depth = depth + 1
    this.tunnel = this.tunnels.number(tunnel, this)
    this.sourcePort = 0
    this.destinationPort = 0
    return this.walkLayers(this.datagram, offset + tunnel.headerLength, tunnel.etherType)
  }

  private walkTcp(offset: number): number {
    const tcp = this.tcp
    if (!tcp.at(this.datagram, offset))
      return this.malformed(this.isCut(offset, 20) ? TCP_TRUNCATED : TCP_BAD)
    this.sourcePort = tcp.sourcePort
    this.destinationPort = tcp.destinationPort
    const length = tcp.headerLength
    if (length > 20) this.tcpOptions.at(this.datagram, offset + 20, length - 20)
    else this.tcpOptions.clear()
    this.setPayload(offset + length, this.datagram.wireEnd)
    return KIND_TCP
  }

  private walkUdp(offset: number): number {
    const udp = this.udp
    if (!udp.at(this.datagram, offset))
      return this.malformed(this.isCut(offset, UDP_HEADER_LENGTH) ? UDP_TRUNCATED : UDP_BAD)
    this.sourcePort = udp.sourcePort
    this.destinationPort = udp.destinationPort
    const { wireEnd } = this.datagram
    const length = udp.length
    this.setPayload(offset + UDP_HEADER_LENGTH, length === 0 ? wireEnd : Math.min(wireEnd, offset + length))
    const tunnel = this.tunnels.behindPort(this.destinationPort) ?? this.tunnels.behindPort(this.sourcePort)
    if (tunnel === undefined) return KIND_UDP
    this.endAt(this.payloadOffset + this.payloadLength)
    return this.walkTunnel(tunnel, offset + UDP_HEADER_LENGTH, KIND_UDP)
  }

  /** An IP payload that is not read any further. */
  private opaque(offset: number, kind: number): number {
    this.transportOffset = offset
    this.setPayload(offset, this.datagram.wireEnd)
    return kind
  }

  private setPayload(offset: number, wireEnd: number): void {
    const end = Math.min(this.datagram.end, wireEnd)
    this.payloadOffset = offset
    this.payloadLength = wireEnd > offset ? wireEnd - offset : 0
    this.payloadCaptured = end > offset ? end - offset : 0
  }

  /** The IP length: what lies behind is link-layer padding. A length beyond the frame is the sender's mistake. */
  private endAt(wireEnd: number): void {
    const { datagram } = this
    if (wireEnd < datagram.wireEnd) datagram.wireEnd = wireEnd
    if (wireEnd < datagram.end) datagram.end = wireEnd
  }

  /** Whether snaplen, and not the sender, is why `length` bytes are not there. */
  private isCut(offset: number, length: number): boolean {
    return offset + length > this.datagram.end && offset + length <= this.datagram.wireEnd
  }

  private malformed(reason: number): number {
    this.reason = reason
    return KIND_MALFORMED
  }
}

export const KIND_TCP = 1
export const KIND_UDP = 2
/** ICMP or ICMPv6: see `family`. */
export const KIND_ICMP = 3
export const KIND_OTHER_IP = 4
/** A fragment that did not make its packet whole: the last to come is told as the packet. */
export const KIND_FRAGMENT = 5
export const KIND_NOT_IP = 6
export const KIND_UNKNOWN_LINK = 7
export const KIND_MALFORMED = 8

const LINK_BAD = 1
const IPV4_TRUNCATED = 2
const IPV4_BAD = 3
const IPV6_TRUNCATED = 4
const IPV6_BAD = 5
const EXTENSION_TRUNCATED = 6
const TCP_TRUNCATED = 7
const TCP_BAD = 8
const UDP_TRUNCATED = 9
const UDP_BAD = 10
const ICMP_TRUNCATED = 11

/** What `PacketStack.reason` says. "Truncated": the capture is cut there; "bad": so sent. */
export const REASONS: readonly string[] = [
  '',
  'truncated or bad link header',
  'truncated before the end of the IPv4 header',
  'bad IPv4 header',
  'truncated before the end of the IPv6 header',
  'bad IPv6 header',
  'truncated before the end of an IPv6 extension header',
  'truncated before the end of the TCP header',
  'bad TCP header',
  'truncated before the end of the UDP header',
  'bad UDP header',
  'truncated before the end of the ICMP header',
]
