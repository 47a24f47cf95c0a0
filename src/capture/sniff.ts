import type { CaptureDecoder, CaptureFormat } from './decoder.ts'
import { PcapDecoder } from './pcap.ts'
import { PcapngDecoder } from './pcapng-read.ts'

export type SniffedFormat = CaptureFormat | 'gzip' | 'zstd'

/** First four bytes, big-endian, of every format that is recognised. */
const MAGICS: ReadonlyMap<number, SniffedFormat> = new Map([
  [0xa1b2c3d4, 'pcap'],
  [0xd4c3b2a1, 'pcap'],
  [0xa1b23c4d, 'pcap'],
  [0x4d3cb2a1, 'pcap'],
  [0xa1b2cd34, 'pcap'],
  [0x34cdb2a1, 'pcap'],
  [0x0a0d0d0a, 'pcapng'],
  [0x28b52ffd, 'zstd'],
])

/** What a file is, by its first bytes; `undefined` when it is none of these or shorter than its magic number. */
export function sniffCapture(bytes: Uint8Array): SniffedFormat | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes.length < 4) return undefined
  const magic = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
  return MAGICS.get(magic)
}

export function openDecoder(format: CaptureFormat): CaptureDecoder {
  return format === 'pcap' ? new PcapDecoder() : new PcapngDecoder()
}
