/** Two sightings further apart than this are two packets, nanoseconds. */
const WINDOW = 10e6
const SLOTS = 1 << 15
/** Places tried for one packet; the oldest gives way. */
const WAYS = 4
/** Bytes looked at behind the IP header, and again at the end of what is in memory. */
const HEAD = 256
const TAIL = 64

const IPV4 = 4
const IPV6 = 6
const IPV6_HEADER = 40
const TCP = 6
const UDP = 17

/**
 * Recognises a packet that was already seen on another interface: a container's packet passes its veth, the
 * bridge and the wire. The same bytes from the IP header on, TTL or hop limit and checksums apart, on another
 * interface within 10 ms are one packet; on the same interface they are a retransmission and both count.
 *
 * Remembers a 64-bit fingerprint of the length, the IP header and, of what is behind it in memory, the first 256 and the
 * last 64 bytes; a live capture keeps of most TCP the headers alone, up to 114 bytes from the IP header on, whatever the
 * link. Not the bytes. No allocation per packet.
 */
export class Duplicates {
  private readonly low = new Uint32Array(SLOTS)
  private readonly high = new Uint32Array(SLOTS)
  private readonly iface = new Uint32Array(SLOTS)
  private readonly time = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY)
  private a = 0
  private b = 0

  /**
   * Notes a packet and says whether it is a copy. Its IP header starts at `start` and it is `original` bytes long
   * from there, of which those before `end` are in memory. `time` in nanoseconds. What is not IP never is a copy.
   */
  isCopy(view: DataView, start: number, end: number, original: number, iface: number, time: number): boolean {
    if (!this.fingerprint(view, start, end, original)) return false
    const first = this.a & (SLOTS - 1)
    let oldest = first
    for (let way = 0; way < WAYS; way++) {
      const slot = (first + way) & (SLOTS - 1)
      if (
        this.low[slot] === this.a &&
        this.high[slot] === this.b &&
        Math.abs(time - this.time[slot]!) <= WINDOW
      ) {
        if (this.iface[slot] !== iface) return true
        oldest = slot
        break
      }
      if (this.time[slot]! < this.time[oldest]!) oldest = slot
    }
    this.low[oldest] = this.a
    this.high[oldest] = this.b
    this.iface[oldest] = iface
    this.time[oldest] = time
    return false
  }

  /** Leaves the two halves in `a` and `b`; false when this is not a whole IP header. */
  private fingerprint(view: DataView, start: number, end: number, original: number): boolean {
    if (end - start < 20) return false
    const version = view.getUint8(start) >> 4
    let transport = 0 // where the transport header starts, 0 when there is none to mask
    let protocol = 0
    this.a = 0x811c9dc5 ^ original
    this.b = 0x9e3779b9 ^ original
    if (version === IPV4) {
      const headerEnd = start + (view.getUint8(start) & 0xf) * 4
      protocol = view.getUint8(start + 9)
      // Words of the header without TTL (byte 8) and checksum (bytes 10 and 11).
      this.words(view, start, start + 8)
      this.words(view, start + 9, start + 10)
      this.words(view, start + 12, Math.min(headerEnd, end))
      if ((view.getUint16(start + 6) & 0x1fff) === 0) transport = headerEnd
      start = headerEnd
    } else if (version === IPV6 && end - start >= IPV6_HEADER) {
      protocol = view.getUint8(start + 6)
      // Everything but the hop limit (byte 7).
      this.words(view, start, start + 7)
      this.words(view, start + 8, start + IPV6_HEADER)
      start += IPV6_HEADER
      transport = start
    } else return false
    const checksum = protocol === TCP ? transport + 16 : protocol === UDP ? transport + 6 : 0
    const headEnd = Math.min(start + HEAD, end)
    if (transport !== 0 && checksum !== 0 && checksum + 2 <= headEnd) {
      this.words(view, start, checksum)
      this.words(view, checksum + 2, headEnd)
    } else this.words(view, start, headEnd)
    if (end > headEnd) this.words(view, Math.max(headEnd, end - TAIL), end)
    this.a >>>= 0
    this.b >>>= 0
    return true
  }

  /** Two multiplicative hashes side by side, over 32-bit words and then single bytes. */
  private words(view: DataView, from: number, end: number): void {
    let a = this.a
    let b = this.b
    let at = from
    while (at < end) {
      const whole = at + 4 <= end
      const word = whole ? view.getUint32(at, true) : view.getUint8(at)
      at += whole ? 4 : 1
      a = Math.imul(a ^ word, 0x85ebca6b)
      a ^= a >>> 15
      b = Math.imul(b + word, 0xc2b2ae35)
      b ^= b >>> 13
    }
    this.a = a
    this.b = b
  }
}
