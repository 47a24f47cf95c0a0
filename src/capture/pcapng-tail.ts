import { PacketBatch } from './batch.ts'
import type { RecordedName } from './decoder.ts'
import {
  BLOCK_NAMES,
  BLOCK_OVERHEAD,
  BLOCK_SECRETS,
  BLOCK_SECTION,
  BLOCK_STATISTICS,
  BYTE_ORDER_MAGIC,
} from './pcapng.ts'
import { PcapngDecoder } from './pcapng-read.ts'

/** A section header without options, bytes. */
const SECTION_BYTES = 28
/** What writers put behind the last packet. */
const LAST_BLOCKS = new Set([BLOCK_NAMES, BLOCK_STATISTICS, BLOCK_SECRETS])

/** Bytes that say whether a file is pcapng, and in which byte order it begins. */
export const PCAPNG_MAGIC_BYTES = 12

/**
 * Names that stand behind the last packet, where Wireshark writes them: `head` is how the file begins, `tail` how it
 * ends. Blocks have their length at the end too, so that they are found from there.
 */
export function namesAtEnd(head: Uint8Array, tail: Uint8Array): readonly RecordedName[] {
  const first = new DataView(head.buffer, head.byteOffset, head.length)
  if (head.length < PCAPNG_MAGIC_BYTES || first.getUint32(0) !== BLOCK_SECTION) return []
  const little = first.getUint32(8, true) === BYTE_ORDER_MAGIC
  const blocks = tail.subarray(lastBlocks(tail, little))
  const bytes = new Uint8Array(SECTION_BYTES + blocks.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, BLOCK_SECTION, little)
  view.setUint32(4, SECTION_BYTES, little)
  view.setUint32(8, BYTE_ORDER_MAGIC, little)
  view.setUint16(12, 1, little)
  view.setUint32(SECTION_BYTES - 4, SECTION_BYTES, little)
  bytes.set(blocks, SECTION_BYTES)
  const decoder = new PcapngDecoder()
  decoder.decode(bytes, view, 0, bytes.length, new PacketBatch(1))
  return decoder.names
}

/** Where the first of the blocks begins that stand behind the last packet. */
function lastBlocks(tail: Uint8Array, little: boolean): number {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length)
  let at = tail.length
  while (at >= BLOCK_OVERHEAD) {
    const length = view.getUint32(at - 4, little)
    const begin = at - length
    if (length < BLOCK_OVERHEAD || begin < 0) break
    if (view.getUint32(begin + 4, little) !== length || !LAST_BLOCKS.has(view.getUint32(begin, little))) break
    at = begin
  }
  return at
}
