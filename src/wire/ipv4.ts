import { EMPTY_VIEW, type Frame } from './frame.ts'

// RFC 791 section 3.1.
const VERSION_LENGTH = 0
const TRAFFIC_CLASS = 1
const TOTAL_LENGTH = 2
const IDENTIFICATION = 4
const FRAGMENT = 6
const TTL = 8
const PROTOCOL = 9
const CHECKSUM = 10
const SOURCE = 12
const DESTINATION = 16
const MIN_LENGTH = 20

/** IPv4 header (RFC 791). Borrowed: valid after `at()` returned true, until the next packet. */
export class Ipv4Header {
  private view: DataView = EMPTY_VIEW
  private offset = 0

  /** False when fewer than 20 bytes are captured, or version, header length or total length are impossible. */
  at(frame: Frame, offset: number): boolean {
    this.view = frame.view
    this.offset = offset
    if (offset + MIN_LENGTH > frame.end) return false
    const headerLength = this.headerLength
    if (this.version !== 4 || headerLength < MIN_LENGTH || offset + headerLength > frame.wireEnd) return false
    const totalLength = this.totalLength
    return totalLength >= headerLength || totalLength === 0
  }

  get version(): number {
    return this.view.getUint8(this.offset + VERSION_LENGTH) >> 4
  }

  /** Bytes, options included. */
  get headerLength(): number {
    return (this.view.getUint8(this.offset + VERSION_LENGTH) & 0xf) * 4
  }

  /** Differentiated services and ECN, the whole byte (RFC 2474, RFC 3168). */
  get trafficClass(): number {
    return this.view.getUint8(this.offset + TRAFFIC_CLASS)
  }

  /** Header and payload, bytes. 0 where segmentation was left to the device, or in BIG TCP: see the frame. */
  get totalLength(): number {
    return this.view.getUint16(this.offset + TOTAL_LENGTH)
  }

  get identification(): number {
    return this.view.getUint16(this.offset + IDENTIFICATION)
  }

  /** 1 or 0. */
  get dontFragment(): number {
    return (this.view.getUint8(this.offset + FRAGMENT) >> 6) & 1
  }

  /** 1 or 0. */
  get moreFragments(): number {
    return (this.view.getUint8(this.offset + FRAGMENT) >> 5) & 1
  }

  /** Whether it is a part of a packet: more follow, or it is not the first. */
  get isFragment(): boolean {
    return (this.view.getUint16(this.offset + FRAGMENT) & 0x3fff) !== 0
  }

  /** Bytes. */
  get fragmentOffset(): number {
    return (this.view.getUint16(this.offset + FRAGMENT) & 0x1fff) * 8
  }

  get ttl(): number {
    return this.view.getUint8(this.offset + TTL)
  }

  get protocol(): number {
    return this.view.getUint8(this.offset + PROTOCOL)
  }

  get checksum(): number {
    return this.view.getUint16(this.offset + CHECKSUM)
  }

  get source(): number {
    return this.view.getUint32(this.offset + SOURCE)
  }

  get destination(): number {
    return this.view.getUint32(this.offset + DESTINATION)
  }

  /** Writes a header for tests and scenarios; options are written behind it by the caller. Returns its 20 bytes. */
  static emit(view: DataView, offset: number, fields: Ipv4Fields): number {
    const headerLength = fields.headerLength ?? MIN_LENGTH
    view.setUint8(offset + VERSION_LENGTH, 0x40 | (headerLength / 4))
    view.setUint8(offset + TRAFFIC_CLASS, fields.trafficClass ?? 0)
    view.setUint16(offset + TOTAL_LENGTH, fields.totalLength)
    view.setUint16(offset + IDENTIFICATION, fields.identification ?? 0)
    const flags = (fields.dontFragment === true ? 0x4000 : 0) | (fields.moreFragments === true ? 0x2000 : 0)
    view.setUint16(offset + FRAGMENT, flags | ((fields.fragmentOffset ?? 0) / 8))
    view.setUint8(offset + TTL, fields.ttl ?? 64)
    view.setUint8(offset + PROTOCOL, fields.protocol)
    view.setUint16(offset + CHECKSUM, fields.checksum ?? 0)
    view.setUint32(offset + SOURCE, fields.source)
    view.setUint32(offset + DESTINATION, fields.destination)
    return MIN_LENGTH
  }
}

export interface Ipv4Fields {
  /** Bytes, options included; 20 unless given. */
  readonly headerLength?: number
  readonly trafficClass?: number
  readonly totalLength: number
  readonly identification?: number
  readonly dontFragment?: boolean
  readonly moreFragments?: boolean
  /** Bytes, a multiple of 8. */
  readonly fragmentOffset?: number
  readonly ttl?: number
  readonly protocol: number
  readonly checksum?: number
  readonly source: number
  readonly destination: number
}

/** Protocol numbers (IANA) that IPv4 and IPv6 share. */
export const PROTOCOL_ICMP = 1
export const PROTOCOL_IPV4 = 4
export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17
export const PROTOCOL_IPV6 = 41
export const PROTOCOL_GRE = 47
export const PROTOCOL_ICMP6 = 58
export const PROTOCOL_MPLS = 137
