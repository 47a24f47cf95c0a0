import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { PcapDecoder, pcapFileHeader, pcapRecord } from '../../../src/capture/pcap.ts'
import { END } from '../../../src/capture/source.ts'
import { EngineBatch } from '../../../src/cli/analysis/engine-batch.ts'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
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
  more: fc.oneof(
    { weight: 200, arbitrary: fc.integer({ min: 0, max: 50 }) },
    { weight: 10, arbitrary: fc.constantFrom(2 ** 31 - 100, 2 ** 31, 2 ** 32 - 200) },
    fc.constant(-1),
  ),
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

/** Packets as large as a record may be, and small ones; the first and last four bytes of each are its number. */
function writeLarge(path: string, sizes: readonly number[]): void {
  const pieces = [pcapFileHeader(1, 262_144)]
  sizes.forEach((size, index) => {
    const packet = new Uint8Array(size)
    const view = new DataView(packet.buffer)
    view.setUint32(0, index)
    view.setUint32(size - 4, index)
    pieces.push(pcapRecord(1, index, packet, size))
  })
  writeFileSync(path, Buffer.concat(pieces))
}

test('a file that is read ahead loses nothing where one half ends and the other begins', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-ahead-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'large.pcap')
  const sizes = Array.from({ length: 400 }, (_, n) =>
    n % 7 === 0 ? 262_144 - (n % 100) : 8 + ((n * 7919) % 9000),
  )
  writeLarge(path, sizes)
  const source = openCaptureFile(path, { chunkBytes: 700 * 1024 })
  const batch = new EngineBatch(bareEngine())
  let seen = 0
  for (let count = await source.read(batch); count !== END; count = await source.read(batch))
    for (let row = 0; row < count; row++, seen++) {
      const { start, captured, view } = batch
      assert.equal(captured[row], sizes[seen])
      assert.equal(view.getUint32(start[row]!), seen)
      assert.equal(view.getUint32(start[row]! + captured[row]! - 4), seen)
    }
  assert.equal(seen, sizes.length)
  assert.equal(source.truncated, undefined)
})

test('a block that is larger than what is carried over ends reading ahead, not the packets', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-ahead-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'blocks.pcapng')
  const writer = new PcapngBlocks()
  const pieces: Uint8Array[] = [writer.section(), writer.interface()]
  for (let n = 0; n < 60; n++) pieces.push(writer.unknown(400_000 + n), writer.packet(n))
  writeFileSync(path, Buffer.concat(pieces))
  const source = openCaptureFile(path, { chunkBytes: 700 * 1024 })
  const batch = new EngineBatch(bareEngine())
  const seen: number[] = []
  for (let count = await source.read(batch); count !== END; count = await source.read(batch))
    for (let row = 0; row < count; row++) seen.push(batch.view.getUint32(batch.start[row]!))
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, n) => n),
  )
})

test('a file that is closed while it is read ahead is closed once, and gives nothing more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-ahead-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'large.pcap')
  writeLarge(
    path,
    Array.from({ length: 2000 }, () => 9000),
  )
  for (const reads of [1, 2, 3]) {
    const source = openCaptureFile(path, { chunkBytes: 700 * 1024 })
    const batch = new EngineBatch(bareEngine())
    for (let n = 0; n < reads; n++) assert.notEqual(await source.read(batch), END)
    const last = source.read(batch)
    // After the loop's turn that `read` begins with: it waits for the thread by now.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    source.close()
    await last
    assert.equal(await source.read(batch), END)
  }
})

/** pcapng blocks, little-endian, as far as these tests need them. */
class PcapngBlocks {
  section(): Uint8Array {
    return this.#block(0x0a0d0d0a, 16, (view) => {
      view.setUint32(8, 0x1a2b3c4d, true)
      view.setUint16(12, 1, true)
      view.setBigInt64(16, -1n, true)
    })
  }

  interface(): Uint8Array {
    return this.#block(1, 8, (view) => view.setUint16(8, 1, true))
  }

  unknown(length: number): Uint8Array {
    return this.#block(0x0000_0bad, Math.ceil(length / 4) * 4, () => {})
  }

  /** An enhanced packet block of four bytes, `number`. */
  packet(number: number): Uint8Array {
    return this.#block(6, 24, (view) => {
      view.setUint32(20, 4, true)
      view.setUint32(24, 4, true)
      view.setUint32(28, number)
    })
  }

  #block(type: number, body: number, fill: (view: DataView) => void): Uint8Array {
    const view = new DataView(new ArrayBuffer(body + 12))
    view.setUint32(0, type, true)
    view.setUint32(4, body + 12, true)
    fill(view)
    view.setUint32(body + 8, body + 12, true)
    return new Uint8Array(view.buffer)
  }
}
