import { DNS_PORT, FTP_PORT } from '../../wire/ports.ts'
import { SYN } from '../../wire/tcp-bits.ts'
import {
  HAS_MSS,
  HAS_SACK,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_WINDOW_SCALE,
  KIND_END,
  KIND_MSS,
  KIND_NOP,
  KIND_SACK,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
} from '../../wire/tcp-option-numbers.ts'
import { KEY_META, KEY_PORTS } from '../layout.ts'
import { hashOf } from './key.ts'
import { segment } from './segment.ts'

// Offsets from the frame, read as little-endian numbers.
const ETHER_TYPE = 12
const NETWORK: u32 = 14
const ETHERTYPE_IPV4 = 0x0008
const ETHERTYPE_IPV6 = 0xdd86
// IPv4 without options, IPv6 without extension headers; offsets from the IP header (RFC 791, RFC 8200).
const IPV4_LENGTH: u32 = 20
const IPV4_VERSION_LENGTH = 0x45
const IPV4_TOTAL_LENGTH = 2
const IPV4_FRAGMENT = 6
const IPV4_TTL = 8
const IPV4_PROTOCOL = 9
const IPV4_SOURCE = 12
const IPV4_DESTINATION = 16
/** More fragments, or an offset: all bits but "don't fragment"; little-endian. */
const IS_FRAGMENT = 0xffbf
const IPV6_LENGTH: u32 = 40
const IPV6_PAYLOAD_LENGTH = 4
const IPV6_NEXT_HEADER = 6
const IPV6_HOP_LIMIT = 7
const IPV6_SOURCE = 8
const IPV6_DESTINATION = 24
const TCP = 6
// RFC 9293 section 3.1, offsets from the TCP header.
const TCP_LENGTH: u32 = 20
const SEQUENCE = 4
const ACKNOWLEDGEMENT = 8
const DATA_OFFSET_FLAGS = 12
const WINDOW = 14

/**
 * What nine packets of ten are, read in one go: a TCP segment right behind Ethernet and a bare IP header, nothing
 * cut before the end of the TCP header, all lengths sound. It tells what `PacketStack` tells of the same packet;
 * everything else is left to that.
 */
@unmanaged
export class Plain {
  time!: f64
  sequence!: u32
  acknowledgement!: u32
  flags!: i32
  window!: u32
  /** Bytes of payload on the wire. */
  length!: i32
  ttl!: i32
  /** 0 when the source is the lower endpoint, 1 when it is the upper one. */
  direction!: i32
  hash!: u32
  /** What stands where the search for it begins: read early, so that it is in the cache then. */
  entry!: u64
  /** Where its TCP header is, and its length. */
  tcp!: usize
  headerLength!: i32
  /** Where what was captured of it ends. */
  captureEnd!: usize
  /** Its flow's key: KEY_WORDS. */
  private key0!: u64
  private key1!: u64
  private key2!: u64
  private key3!: u64
  private key4!: u64

  get key(): usize {
    return changetype<usize>(this) + offsetof<Plain>('key0')
  }

  /** False when the packet is anything else. `captured` and `original` are bytes. */
  at(frame: usize, captured: u32, original: u32): bool {
    if (captured < NETWORK + IPV4_LENGTH + TCP_LENGTH) return false
    const ip = frame + NETWORK
    const etherType = load<u16>(frame, ETHER_TYPE)
    if (etherType == ETHERTYPE_IPV4) {
      if (load<u8>(ip) != IPV4_VERSION_LENGTH || load<u8>(ip, IPV4_PROTOCOL) != TCP) return false
      if ((load<u16>(ip, IPV4_FRAGMENT) & IS_FRAGMENT) != 0) return false
      const end = NETWORK + u32(bswap<u16>(load<u16>(ip, IPV4_TOTAL_LENGTH)))
      if (!this.atTcp(frame, NETWORK + IPV4_LENGTH, end, captured, original)) return false
      this.ttl = load<u8>(ip, IPV4_TTL)
      this.setIpv4Key(bswap<u32>(load<u32>(ip, IPV4_SOURCE)), bswap<u32>(load<u32>(ip, IPV4_DESTINATION)))
      return true
    }
    if (etherType != ETHERTYPE_IPV6 || load<u8>(ip) >> 4 != 6) return false
    if (load<u8>(ip, IPV6_NEXT_HEADER) != TCP) return false
    const end = NETWORK + IPV6_LENGTH + u32(bswap<u16>(load<u16>(ip, IPV6_PAYLOAD_LENGTH)))
    if (!this.atTcp(frame, NETWORK + IPV6_LENGTH, end, captured, original)) return false
    this.ttl = load<u8>(ip, IPV6_HOP_LIMIT)
    this.setIpv6Key(ip + IPV6_SOURCE, ip + IPV6_DESTINATION)
    return true
  }

  /** `end` is where the IP packet ends by its own length; DNS, and what goes to FTP servers, is left to those who read it. */
  private atTcp(frame: usize, offset: u32, end: u32, captured: u32, original: u32): bool {
    if (offset + TCP_LENGTH > captured || end > original) return false
    const tcp = frame + offset
    const word = bswap<u16>(load<u16>(tcp, DATA_OFFSET_FLAGS))
    const headerLength = i32(word >>> 12) * 4
    const length = i32(end) - i32(offset) - headerLength
    if (headerLength < i32(TCP_LENGTH) || length < 0) return false
    const flags = i32(word & 0x1ff)
    // What a SYN offers is read by whoever knows every option, unless it is one of the usual few.
    if ((flags & SYN) != 0 && (offset + headerLength > captured || !areUsual(tcp, headerLength))) return false
    this.tcp = tcp
    this.captureEnd = frame + captured
    this.headerLength = headerLength
    this.length = length
    this.flags = flags
    this.sequence = bswap<u32>(load<u32>(tcp, SEQUENCE))
    this.acknowledgement = bswap<u32>(load<u32>(tcp, ACKNOWLEDGEMENT))
    this.window = bswap<u16>(load<u16>(tcp, WINDOW))
    return this.source != DNS_PORT && !isRead(this.destination)
  }

  get source(): u32 {
    return bswap<u16>(load<u16>(this.tcp))
  }
  get destination(): u32 {
    return bswap<u16>(load<u16>(this.tcp, 2))
  }

  private setIpv4Key(source: u32, destination: u32): void {
    const key = this.key
    const ports = bswap<u32>(load<u32>(this.tcp))
    const upside = source > destination || (source == destination && this.source > this.destination)
    this.direction = i32(upside)
    store<u32>(key, upside ? destination : source)
    store<u32>(key, upside ? source : destination, 16)
    store<u64>(key, 0, 4)
    store<u32>(key, 0, 12)
    store<u64>(key, 0, 20)
    store<u32>(key, 0, 28)
    store<u32>(key, upside ? rotl(ports, 16) : ports, KEY_PORTS * 4)
    store<u32>(key, 0x0400 | TCP, KEY_META * 4)
    this.hash = hashOf(key)
  }

  private setIpv6Key(source: usize, destination: usize): void {
    const key = this.key
    const ports = bswap<u32>(load<u32>(this.tcp))
    let upside = this.source > this.destination
    for (let at: usize = 0; at < 16; at += 4) {
      const a = bswap<u32>(load<u32>(source + at))
      const b = bswap<u32>(load<u32>(destination + at))
      if (a == b) continue
      upside = a > b
      break
    }
    this.direction = i32(upside)
    for (let at: usize = 0; at < 16; at += 4) {
      store<u32>(key + at, bswap<u32>(load<u32>((upside ? destination : source) + at)))
      store<u32>(key + at, bswap<u32>(load<u32>((upside ? source : destination) + at)), 16)
    }
    store<u32>(key, upside ? rotl(ports, 16) : ports, KEY_PORTS * 4)
    store<u32>(key, 0x0600 | TCP, KEY_META * 4)
    this.hash = hashOf(key)
  }

  /** Fills the header part of the segment at hand. */
  toSegment(): void {
    segment.time = this.time
    segment.direction = this.direction
    segment.sequence = this.sequence
    segment.acknowledgement = this.acknowledgement
    segment.flags = this.flags
    segment.window = this.window
    segment.ttl = this.ttl
    segment.length = this.length
    segment.options = this.tcp + TCP_LENGTH
    segment.optionsLength = u32(min(this.tcp + this.headerLength, this.captureEnd) - segment.options)
    segment.present = 0
    segment.mptcpSubtypes = 0
    segment.partial = 0
    if (this.flags & SYN) readOptions(this.tcp, this.headerLength)
  }
}

/** Whether someone reads what goes to a port. */
function isRead(port: u32): bool {
  return port == FTP_PORT || port == DNS_PORT
}

/** Whether the options are all of the kinds that `readOptions` knows, and sound. */
function areUsual(tcp: usize, headerLength: i32): bool {
  const end = tcp + headerLength
  let at = tcp + TCP_LENGTH
  while (at < end) {
    const kind: i32 = load<u8>(at)
    if (kind == KIND_END) return true
    if (kind == KIND_NOP) {
      at++
      continue
    }
    if (kind != KIND_TIMESTAMPS && (kind < KIND_MSS || kind > KIND_SACK)) return false
    if (at + 1 >= end) return false
    const size: u32 = load<u8>(at, 1)
    if (size < 2 || at + size > end) return false
    at += size
  }
  return true
}

/** An option of the wrong size stays without its bit, as receivers ignore it. */
function readOptions(tcp: usize, headerLength: i32): void {
  const end = tcp + headerLength
  let present = 0
  for (let at = tcp + TCP_LENGTH; at < end; ) {
    const kind: i32 = load<u8>(at)
    if (kind == KIND_END) break
    if (kind == KIND_NOP) {
      at++
      continue
    }
    const size: u32 = load<u8>(at, 1)
    if (kind == KIND_MSS) {
      if (size == 4) {
        segment.mss = bswap<u16>(load<u16>(at, 2))
        present |= HAS_MSS
      }
    } else if (kind == KIND_WINDOW_SCALE) {
      if (size == 3) {
        segment.windowScale = load<u8>(at, 2)
        present |= HAS_WINDOW_SCALE
      }
    } else if (kind == KIND_SACK_PERMITTED) {
      if (size == 2) present |= HAS_SACK_PERMITTED
    } else if (kind == KIND_SACK) present |= HAS_SACK
    else if (size == 10) present |= HAS_TIMESTAMPS
    at += size
  }
  segment.present = present
}
