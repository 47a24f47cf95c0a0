import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  RECORD_COMM,
  RECORD_EXIT,
  RECORD_FORK,
  RECORD_LOST,
  RECORD_SAMPLE,
  RecordCursor,
} from '../../src/kernel/trace-event.ts'

const RING = 1024
const TIME = 2 ** 33 + 5

/** u32 and u64 little-endian values, and text, one after the other. */
function words(...values: (number | bigint | string)[]): number[] {
  const bytes: number[] = []
  for (const value of values) {
    if (typeof value === 'string') bytes.push(...new TextEncoder().encode(value))
    else
      for (let i = 0; i < (typeof value === 'bigint' ? 8 : 4); i++)
        bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn))
  }
  return bytes
}

function padded(bytes: number[]): number[] {
  return [...bytes, ...new Array<number>(-bytes.length & 7).fill(0)]
}

function record(type: number, misc: number, body: number[]): number[] {
  const whole = padded(body)
  const size = 8 + whole.length
  return [...words(type), misc & 0xff, misc >> 8, size & 0xff, size >> 8, ...whole]
}

const trailer = (pid: number, tid: number, time: number): number[] => words(pid, tid, BigInt(time), 1, 0)

const sample = (time: number, raw: number[]): number[] =>
  record(RECORD_SAMPLE, 2, [...words(10, 11, BigInt(time), 3, 0, raw.length), ...raw])
const comm = (time: number, name: string): number[] =>
  record(RECORD_COMM, 1 << 13, [...words(20, 21), ...padded(words(`${name}\0`)), ...trailer(20, 21, time)])
const fork = (time: number): number[] =>
  record(RECORD_FORK, 0, [...words(31, 30, 33, 32, BigInt(time)), ...trailer(30, 32, time)])
const exit = (time: number): number[] =>
  record(RECORD_EXIT, 0, [...words(31, 30, 33, 32, BigInt(time)), ...trailer(31, 33, time)])
const lost = (time: number, count: number): number[] =>
  record(RECORD_LOST, 0, [...words(1n, BigInt(count)), ...trailer(0, 0, time)])

/** What the cursor says of its record, as a plain object. */
function seen(cursor: RecordCursor): unknown {
  const { type, time } = cursor
  if (type === RECORD_SAMPLE) {
    const raw = [...new Uint8Array(cursor.view.buffer, cursor.view.byteOffset + cursor.raw, cursor.rawLength)]
    return {
      type,
      time,
      pid: cursor.pid,
      tid: cursor.tid,
      tracepoint: cursor.tracepoint,
      raw: raw.slice(0, 4),
    }
  }
  if (type === RECORD_COMM)
    return {
      type,
      time,
      pid: cursor.pid,
      tid: cursor.tid,
      exec: cursor.exec,
      comm: new TextDecoder().decode(cursor.comm),
    }
  if (type === RECORD_LOST) return { type, time, lost: cursor.lost }
  return { type, time, pid: cursor.pid, tid: cursor.tid, parentTid: cursor.parentTid }
}

const KINDS: readonly { bytes: number[]; expected: unknown }[] = [
  {
    bytes: sample(TIME, [0x2f, 0x01, 9, 8]),
    expected: { type: RECORD_SAMPLE, time: TIME, pid: 10, tid: 11, tracepoint: 0x12f, raw: [0x2f, 1, 9, 8] },
  },
  {
    bytes: comm(TIME + 1, 'curl'),
    expected: { type: RECORD_COMM, time: TIME + 1, pid: 20, tid: 21, exec: true, comm: 'curl' },
  },
  {
    bytes: comm(TIME + 2, 'exactly15bytes!'),
    expected: { type: RECORD_COMM, time: TIME + 2, pid: 20, tid: 21, exec: true, comm: 'exactly15bytes!' },
  },
  { bytes: fork(TIME + 3), expected: { type: RECORD_FORK, time: TIME + 3, pid: 31, tid: 33, parentTid: 32 } },
  { bytes: exit(TIME + 4), expected: { type: RECORD_EXIT, time: TIME + 4, pid: 31, tid: 33, parentTid: 32 } },
  { bytes: lost(TIME + 5, 7), expected: { type: RECORD_LOST, time: TIME + 5, lost: 7 } },
]

/** A ring whose unread records begin at `tail`, a running count. */
function ringOf(tail: number, bytes: readonly number[]): RecordCursor {
  const ring = new Uint8Array(RING).fill(0xee)
  bytes.forEach((byte, index) => {
    ring[(tail + index) % RING] = byte
  })
  const cursor = new RecordCursor(ring)
  cursor.begin(tail, tail + bytes.length)
  return cursor
}

test('every kind of record is read at every place of the ring, also wrapped around its end', () => {
  for (const { bytes, expected } of KINDS)
    for (let tail = 4 * RING; tail < 5 * RING; tail += 8) {
      const cursor = ringOf(tail, bytes)
      assert.equal(cursor.next(), true)
      assert.equal(cursor.position, tail)
      assert.deepEqual(seen(cursor), expected)
      assert.equal(cursor.next(), false)
      assert.equal(cursor.position, tail + bytes.length)
    }
})

test('any sequence of records is read back in order, from any position', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...KINDS), { maxLength: 12 }),
      fc.integer({ min: 0, max: 1000 }),
      (kinds, at) => {
        const cursor = ringOf(
          at * 8,
          kinds.flatMap(({ bytes }) => bytes),
        )
        const got: unknown[] = []
        while (cursor.next()) got.push(seen(cursor))
        assert.deepEqual(
          got,
          kinds.map(({ expected }) => expected),
        )
      },
    ),
  )
})

test('a second look begins where the first one ended', () => {
  const bytes = KINDS.flatMap((kind) => kind.bytes)
  const cursor = ringOf(0, bytes)
  cursor.next()
  cursor.next()
  // The second record was looked at, not passed: it is read again.
  const { position } = cursor
  assert.equal(position, KINDS[0]!.bytes.length)
  cursor.begin(position, bytes.length)
  cursor.next()
  assert.deepEqual(seen(cursor), KINDS[1]!.expected)
})

test('a record of an impossible size ends the reading, and the rest is given up', () => {
  for (const size of [0, 7, 4096]) {
    const cursor = ringOf(0, [
      ...record(RECORD_LOST, 0, []).slice(0, 6),
      size & 0xff,
      size >> 8,
      ...words(1n, 2n),
    ])
    assert.equal(cursor.next(), false)
    assert.equal(cursor.position, 24)
  }
})
