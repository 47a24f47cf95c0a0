import { PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { PacketWriter } from './packet-writer.ts'
import { type Cast, packetsOf } from './scenario.ts'

const LINK_RAW = 101

export const CAST: Cast = {
  C: { addr: '10.0.0.1', port: 40_000 },
  S: { addr: '10.0.0.2', port: 80 },
  R: { addr: '10.0.0.254', port: 0 },
}

/**
 * The segments blocks of scenarios as one pcapng file from 2023-11-14 22:13:20 UTC on, each behind the one before,
 * with a cast of its own. Payload is cut off, as with a small snaplen.
 */
export function scenarioCapture(
  segments: readonly string[],
  casts: readonly Cast[] = segments.map((_, i) => ({ ...CAST, C: { addr: '10.0.0.1', port: 40_000 + i } })),
): Uint8Array {
  const file = new PcapngWriter('test')
  file.originSeconds = 1_700_000_000
  const iface = file.interface(undefined, LINK_RAW, 262_144)
  const writer = new PacketWriter()
  let last = 0
  for (const [i, block] of segments.entries()) {
    const begin = last
    for (const { at } of packetsOf(block, casts[i]!, writer)) {
      last = begin + at
      const { bytes, captured, original } = writer
      file.packet({ iface, time: last, bytes, start: 0, captured, original })
    }
  }
  return file.take().slice()
}
