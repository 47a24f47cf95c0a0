import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { PcapDecoder } from '../../../src/capture/pcap.ts'
import { EngineBatch } from '../../../src/cli/analysis/engine-batch.ts'
import { bareEngine } from '../../support/bare-engine.ts'

const FILE_HEADER = 24
const MAGICS = [0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34]
const MODIFIED = 0xa1b2cd34

/** Mostly sound; some that say more was captured than there was, or than any packet has. */
const record = fc.record({
  seconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fraction: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  captured: fc.oneof(
    { weight: 200, arbitrary: fc.integer({ min: 0, max: 90 }) },
    { weight: 1, arbitrary: fc.constantFrom(262_145, 2 ** 31, 2 ** 32 - 1) },
  ),
  more: fc.oneof({ weight: 200, arbitrary: fc.integer({ min: 0, max: 50 }) }, fc.constant(-1)),
})
const file = fc.record({
  magic: fc.constantFrom(...MAGICS),
  littleEndian: fc.boolean(),
  minor: fc.constantFrom(3, 4),
  records: fc.array(record, { maxLength: 60, size: 'max' }),
  /** Bytes that are missing at the end, and where the first of two reads ends. */
  cut: fc.integer({ min: 0, max: 30 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})
type File = typeof file extends fc.Arbitrary<infer T> ? T : never

function bytesOf({ magic, littleEndian, minor, records, cut }: File): Uint8Array {
  const header = magic === MODIFIED ? 24 : 16
  const sizes = records.map(({ captured }) => header + Math.min(captured, 100))
  const view = new DataView(new ArrayBuffer(FILE_HEADER + sizes.reduce((sum, size) => sum + size, 0)))
  view.setUint32(0, magic, littleEndian)
  view.setUint16(4, 2, littleEndian)
  view.setUint16(6, minor, littleEndian)
  view.setUint32(20, 1, littleEndian)
  let at = FILE_HEADER
  records.forEach(({ seconds, fraction, captured, more }, index) => {
    view.setUint32(at, seconds, littleEndian)
    view.setUint32(at + 4, fraction, littleEndian)
    view.setUint32(at + 8, captured, littleEndian)
    view.setUint32(at + 12, Math.max(captured + more, 0), littleEndian)
    at += sizes[index]!
  })
  return new Uint8Array(view.buffer, 0, Math.max(view.byteLength - cut, 0))
}

/** Decodes in two reads, as a file source does it: what was not consumed comes again. */
function decode(whole: Uint8Array, share: number, batch: PacketBatch) {
  const { bytes, view } = batch.space(whole.length) ?? {
    bytes: new Uint8Array(whole.length),
    view: undefined,
  }
  bytes.set(whole)
  const decoder = new PcapDecoder()
  const rows: number[][] = []
  let from = 0
  for (const end of [Math.floor(whole.length * share), whole.length]) {
    if (decoder.damage !== undefined) break
    batch.reset(bytes, view ?? new DataView(bytes.buffer))
    from += decoder.decode(bytes, batch.view, from, end, batch)
    for (let i = 0; i < batch.count; i++)
      rows.push([
        batch.start[i]!,
        batch.captured[i]!,
        batch.original[i]!,
        batch.time[i]!,
        batch.iface[i]!,
        batch.number[i]!,
      ])
  }
  const { originSeconds, needed, damage } = decoder
  return { rows, from, originSeconds, needed, damage, ended: decoder.finish(whole.length - from) }
}

test('records that the engine walks are those that the decoder reads, whatever the file holds', () => {
  let walked = 0
  fc.assert(
    fc.property(file, (made) => {
      const whole = bytesOf(made)
      const read = decode(whole, made.share, new PacketBatch(4))
      assert.deepEqual(decode(whole, made.share, new EngineBatch(bareEngine())), read)
      walked += read.rows.length
    }),
    { numRuns: 500 },
  )
  assert.ok(walked > 2000, `${walked} records`)
})

test('a batch finds room for more packets than it began with', () => {
  const records = Array.from({ length: 20_000 }, (_, n) => ({
    seconds: n,
    fraction: n,
    captured: 1,
    more: 0,
  }))
  const whole = bytesOf({ magic: MAGICS[0]!, littleEndian: true, minor: 4, records, cut: 0, share: 1 })
  const read = decode(whole, 0.01, new EngineBatch(bareEngine()))
  assert.deepEqual(read, decode(whole, 0.01, new PacketBatch()))
  assert.equal(read.rows.length, 20_000)
})
