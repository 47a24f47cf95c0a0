export const HEADER_BYTES = 24
export const RECORD_HEADER_BYTES = 16

export interface PcapOptions {
  /** Epoch seconds of the first packet; the others follow a step each, a microsecond more each time. */
  readonly start?: number
  readonly step?: number
  readonly linkType?: number
  /** IPv4 identification of the first packet; the others count on. */
  readonly first?: number
}

/** A pcap file (microseconds) with one packet of each given length. */
export function pcapFile(lengths: readonly number[], options: PcapOptions = {}): Uint8Array<ArrayBuffer> {
  const { start = 1_700_000_000, step = 1, linkType = 1, first = 0 } = options
  const total = lengths.reduce((sum, length) => sum + RECORD_HEADER_BYTES + length, HEADER_BYTES)
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0xa1b2c3d4, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 0x7fffffff, true)
  view.setUint32(20, linkType, true)
  let at = HEADER_BYTES
  for (const [i, length] of lengths.entries()) {
    for (const [field, value] of [start + i * step, i, length, length].entries())
      view.setUint32(at + field * 4, value, true)
    const id = first + i
    // An IPv4 UDP datagram whose identification is the packet's number.
    bytes.set([0x08, 0x00, 0x45, 0, 0, 28, id >> 8, id & 0xff, 0, 0, 64, 17], at + RECORD_HEADER_BYTES + 12)
    at += RECORD_HEADER_BYTES + length
  }
  return bytes
}
