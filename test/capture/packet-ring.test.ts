import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../src/capture/batch.ts'
import { PacketRing } from '../../src/capture/packet-ring.ts'
import { PcapngDecoder } from '../../src/capture/pcapng-read.ts'

const MIB = 1 << 20
const INTERFACES = [{ name: 'lo', linkType: 1, snaplen: 262_144 }]

/** A batch of packets of these lengths, each filled with its number in the test. */
function batchOf(lengths: readonly number[], from: number): PacketBatch {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  const batch = new PacketBatch()
  batch.reset(bytes, new DataView(bytes.buffer))
  let at = 0
  lengths.forEach((length, index) => {
    bytes.fill((from + index) % 251, at, at + length)
    batch.push(at, length, length + 7, (from + index) * 1000, 0)
    at += length
  })
  return batch
}

function written(ring: PacketRing, flow: number): { lengths: number[]; numbers: number[]; packets: number } {
  const { bytes, packets } = ring.write(flow, INTERFACES, 1_700_000_000, 'test')
  const batch = new PacketBatch()
  const view = new DataView(bytes.buffer)
  batch.reset(bytes, view)
  const decoder = new PcapngDecoder()
  assert.equal(decoder.decode(bytes, view, 0, bytes.length, batch), bytes.length)
  assert.equal(decoder.damage, undefined)
  const lengths: number[] = []
  const numbers: number[] = []
  for (let row = 0; row < batch.count; row++) {
    const [start, length, number] = [batch.start[row]!, batch.captured[row]!, batch.time[row]! / 1000]
    for (const at of [start, start + (length >> 1), start + length - 1]) assert.equal(bytes[at], number % 251)
    assert.equal(batch.original[row], length + 7)
    lengths.push(length)
    numbers.push(number)
  }
  return { lengths, numbers, packets }
}

test('the packets of one flow, in order', () => {
  const ring = new PacketRing()
  const batch = batchOf([60, 70, 80, 90], 0)
  for (const [index, flow] of [5, 6, 5, 6].entries()) ring.add(flow, batch, index)
  assert.deepEqual(written(ring, 5), { lengths: [60, 80], numbers: [0, 2], packets: 2 })
  assert.deepEqual(written(ring, 7), { lengths: [], numbers: [], packets: 0 })
  assert.equal(ring.since, undefined)
})

test('the latest ones stay, whole, within 4 MiB', () => {
  const sizes = fc.array(fc.integer({ min: 20_000, max: 262_144 }), {
    minLength: 1,
    maxLength: 200,
    size: 'max',
  })
  fc.assert(
    fc.property(sizes, (lengths) => {
      const ring = new PacketRing()
      const batch = batchOf(lengths, 0)
      for (const index of lengths.keys()) ring.add(1, batch, index)
      const { numbers, lengths: held } = written(ring, 1)
      const kept = held.reduce((sum, length) => sum + length, 0)
      assert.equal(numbers.at(-1), lengths.length - 1)
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, at) => numbers[0]! + at),
      )
      assert.ok(kept <= 4 * MIB)
      // Only what one packet may leave free at the end, and the oldest that is in the way, is wasted.
      if (numbers[0]! > 0) assert.ok(kept >= 4 * MIB - 3 * 262_144)
      assert.equal(ring.since, numbers[0] === 0 ? undefined : numbers[0]! * 1000)
    }),
    { numRuns: 20 },
  )
})

test('of very small packets 32 768 are held', () => {
  const ring = new PacketRing()
  const batch = batchOf([1], 0)
  for (let packet = 0; packet < 40_000; packet++) ring.add(1, batch, 0)
  assert.equal(ring.write(1, INTERFACES, 1_700_000_000, 'test').packets, 32_768)
})
