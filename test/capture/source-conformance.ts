import assert from 'node:assert/strict'
import { PacketBatch } from '../../src/capture/batch.ts'
import { LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW } from '../../src/capture/link-type.ts'
import { END, type PacketSource } from '../../src/capture/source.ts'

/** One packet as a source gave it, copied. */
export interface SeenPacket {
  /** Epoch nanoseconds. */
  readonly time: bigint
  readonly linkType: number
  readonly iface: string | undefined
  /** The captured bytes, hexadecimal. */
  readonly bytes: string
  /** The captured bytes from the network header on, hexadecimal. */
  readonly network: string
  /** Length on the wire from the network header on. */
  readonly length: number
}

const HEADER_BYTES: Readonly<Record<number, number>> = {
  [LINK_ETHERNET]: 14,
  [LINK_LINUX_SLL]: 16,
  [LINK_LINUX_SLL2]: 20,
  [LINK_RAW]: 0,
}

/**
 * Reads a source until `enough` says so or it ends, and checks on the way what every source promises: rows inside
 * the batch's memory, lengths and interfaces that make sense, one origin for all times.
 */
export async function collect(
  source: PacketSource,
  enough: (packets: readonly SeenPacket[]) => boolean = () => false,
): Promise<SeenPacket[]> {
  const batch = new PacketBatch(4)
  const seen: SeenPacket[] = []
  let origin: number | undefined
  while (!enough(seen)) {
    const count = await source.read(batch)
    assert.equal(batch.count, Math.max(count, 0))
    if (count === END) break
    if (count === 0) continue
    origin ??= source.originSeconds
    assert.equal(source.originSeconds, origin, 'the origin never moves')
    assert.ok(Number.isInteger(origin))
    for (let row = 0; row < count; row++) seen.push(copyRow(source, batch, row))
  }
  return seen
}

/** After the end, or `close`, a source says `END` for ever, and its counters can still be asked. */
export async function assertEnded(source: PacketSource): Promise<void> {
  const batch = new PacketBatch()
  source.close()
  source.close()
  assert.equal(await source.read(batch), END)
  assert.equal(await source.read(batch), END)
  assert.ok(source.counters().received >= 0)
}

function copyRow(source: PacketSource, batch: PacketBatch, row: number): SeenPacket {
  const start = batch.start[row]!
  const captured = batch.captured[row]!
  const original = batch.original[row]!
  const time = batch.time[row]!
  const iface = source.interfaces[batch.iface[row]!]
  assert.ok(iface !== undefined, 'every row has an interface')
  assert.ok(start + captured <= batch.bytes.length, 'every row is inside the memory')
  assert.ok(captured > 0 && captured <= original)
  assert.ok(Number.isSafeInteger(time) && time >= 0)
  assert.equal(batch.view.getUint8(start), batch.bytes[start], 'view and bytes are the same memory')
  const header = HEADER_BYTES[iface.linkType]
  assert.ok(header !== undefined, `link type ${iface.linkType}`)
  const bytes = Buffer.from(batch.bytes.subarray(start, start + captured)).toString('hex')
  return {
    time: BigInt(source.originSeconds) * 1_000_000_000n + BigInt(time),
    linkType: iface.linkType,
    iface: iface.name,
    bytes,
    network: bytes.slice(header * 2),
    length: original - header,
  }
}
