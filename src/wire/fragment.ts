/** What is held, at most: 256 packets of up to 64 KiB, memory that is taken only where fragments occur. */
const SLOTS = 256
const MAX_BYTES = 0x10000
/** Offsets count units of 8 bytes (RFC 791 section 3.1, RFC 8200 section 4.5). */
const UNIT = 8
const UNITS = MAX_BYTES / UNIT

/** Family, identification, protocol, tunnel, and both addresses. */
const KEY_WORDS = 12

/** Nanoseconds after its first fragment until a packet is given up: as Linux does, and RFC 8200 section 4.5. */
const TIMEOUT_IPV4 = 30e9
const TIMEOUT_IPV6 = 60e9

const FREE = Number.NEGATIVE_INFINITY

/** One packet of which not all is here yet. */
class Gathering {
  bytes = new Uint8Array(0)
  view = new DataView(this.bytes.buffer)
  /** 1 where the unit is here. */
  readonly units = new Uint8Array(UNITS)
  /** How many of them are, below the end of the packet where that is known. */
  present = 0
  /** Bytes in all; 0 until the last fragment is here. */
  length = 0
  /** Units that were written to, from 0. */
  extent = 0
  /** What the first fragment says is inside; its word alone counts (RFC 8200 section 4.5). */
  protocol = 0
  /** Capture time of its first arrival, nanoseconds; FREE in a free slot. */
  since = FREE

  open(time: number): void {
    this.units.fill(0, 0, this.extent)
    this.present = 0
    this.length = 0
    this.extent = 0
    this.since = time
  }

  grow(needed: number): void {
    if (needed <= this.bytes.length) return
    const bytes = new Uint8Array(Math.min(MAX_BYTES, Math.max(4096, needed, this.bytes.length * 2)))
    bytes.set(this.bytes)
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  /** The last fragment says where the packet ends; what lies behind that does not count. */
  endAt(length: number): void {
    this.length = length
    this.present = 0
    for (let unit = 0; unit * UNIT < length; unit++) this.present += this.units[unit]!
  }

  /** Units that are here already stay as they are. */
  copy(bytes: Uint8Array, from: number, length: number, first: number): void {
    const { units, bytes: target } = this
    const count = Math.ceil(length / UNIT)
    for (let unit = 0; unit < count; unit++) {
      if (units[first + unit] !== 0) continue
      units[first + unit] = 1
      if (this.length === 0 || (first + unit) * UNIT < this.length) this.present++
      const end = Math.min(length, (unit + 1) * UNIT)
      for (let at = unit * UNIT; at < end; at++) target[first * UNIT + at] = bytes[from + at]!
    }
    if (first + count > this.extent) this.extent = first + count
  }

  get whole(): boolean {
    return this.length > 0 && this.present * UNIT >= this.length
  }
}

/** Which packet a fragment belongs to. Set by the caller for each fragment. */
export interface FragmentKey {
  readonly family: number
  readonly source: Uint32Array
  readonly destination: Uint32Array
  /** Identification. */
  readonly ipId: number
  /** Number of the tunnel, 0 outside of any. */
  readonly tunnel: number
}

/**
 * Puts fragmented packets together: in any order, with duplicates and overlaps. Where fragments overlap, what came
 * first stays. Bounded: the packet that waits longest gives way to a new one, and none waits longer than 30 s
 * (IPv4) or 60 s (IPv6) on the capture's clock.
 */
export class FragmentStore {
  private readonly gatherings: Gathering[] = []
  private readonly keys = new Uint32Array(SLOTS * KEY_WORDS)
  private readonly key = new Uint32Array(KEY_WORDS)
  /** The packet that `add` completed: its bytes behind the IP headers. Borrowed: valid until the next `add`. */
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  length = 0
  protocol = 0

  /**
   * Takes the fragment whose `length` bytes of payload begin at `from` in `bytes` and at `offset` in the packet.
   * `protocol` is the IANA number that its header gives. True when the packet is whole now.
   */
  add(
    of: FragmentKey,
    protocol: number,
    time: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    offset: number,
    more: boolean,
  ): boolean {
    // Only the last fragment may end within a unit.
    const taken = more ? length - (length % UNIT) : length
    if (taken <= 0 || offset + taken > MAX_BYTES) return false
    const gathering = this.find(of, protocol, time, bytes)
    if (offset === 0) gathering.protocol = protocol
    if (!more && gathering.length === 0) gathering.endAt(offset + taken)
    gathering.grow(offset + taken)
    gathering.copy(bytes, from, taken, offset / UNIT)
    if (!gathering.whole) return false
    gathering.since = FREE
    this.bytes = gathering.bytes
    this.view = gathering.view
    this.length = gathering.length
    this.protocol = gathering.protocol
    return true
  }

  /**
   * The slot of the packet; a new one takes a free slot, or that of the packet that waits longest, but not the
   * `occupied` memory from which the fragment itself is read (fragments in a tunnel that came in fragments).
   */
  private find(of: FragmentKey, protocol: number, time: number, occupied: Uint8Array): Gathering {
    const { key, keys, gatherings } = this
    key[0] = of.family
    key[1] = of.ipId
    // The same identification may be used by another protocol in IPv4 (RFC 791 section 3.2), not in IPv6.
    key[2] = of.family === 4 ? protocol : 0
    key[3] = of.tunnel
    key.set(of.source, 4)
    key.set(of.destination, 8)
    const timeout = of.family === 4 ? TIMEOUT_IPV4 : TIMEOUT_IPV6
    let victim = -1
    let oldest = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < gatherings.length; slot++) {
      const { since } = gatherings[slot]!
      if (since < oldest && gatherings[slot]!.bytes !== occupied) {
        oldest = since
        victim = slot
      }
      if (since === FREE || !this.isKeyOf(slot)) continue
      if (time - since > timeout) gatherings[slot]!.open(time)
      return gatherings[slot]!
    }
    if (oldest !== FREE && gatherings.length < SLOTS) victim = gatherings.push(new Gathering()) - 1
    keys.set(key, victim * KEY_WORDS)
    const gathering = gatherings[victim]!
    gathering.open(time)
    return gathering
  }

  private isKeyOf(slot: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++)
      if (this.keys[slot * KEY_WORDS + word] !== this.key[word]) return false
    return true
  }
}
