import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RingCursor } from '../../src/kernel/ring-cursor.ts'

const SIZE = 64
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000

/** A ring of 64 bytes, mapped twice: what is written past its end shows at its beginning. */
function ring(records: readonly (readonly [at: number, header: number])[]): Uint8Array {
  const memory = new Uint8Array(new ArrayBuffer(2 * SIZE))
  const view = new DataView(memory.buffer)
  for (const [at, header] of records) {
    view.setUint32(at % SIZE, header, true)
    view.setUint32((at % SIZE) + SIZE, header, true)
  }
  return memory
}

function walk(memory: Uint8Array, from: number, to: number): { found: number[][]; position: number } {
  const cursor = new RingCursor(memory)
  const found: number[][] = []
  cursor.begin(from, to)
  while (cursor.next()) found.push([cursor.offset, cursor.length])
  return { found, position: cursor.position }
}

test('records are padded to 8 bytes, those given up are passed, and counts run on past the ring', () => {
  const memory = ring([
    [40, 5],
    [56, DISCARDED | 8],
    [72, 16],
  ])
  assert.deepEqual(walk(memory, 40, 96), {
    found: [
      [48, 5],
      [16, 16],
    ],
    position: 96,
  })
})

test('a record that is being written ends the walk, and is there next time', () => {
  const memory = ring([
    [0, 8],
    [16, BUSY | 8],
    [32, 8],
  ])
  assert.deepEqual(walk(memory, 0, 48), { found: [[8, 8]], position: 16 })
  new DataView(memory.buffer).setUint32(16, 8, true)
  assert.deepEqual(walk(memory, 16, 48).found, [
    [24, 8],
    [40, 8],
  ])
})

test('an empty ring has no record', () => {
  assert.deepEqual(walk(ring([]), 8, 8), { found: [], position: 8 })
})
