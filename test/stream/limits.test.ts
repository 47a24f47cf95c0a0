import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reassembler } from '../../src/stream/reassembler.ts'
import type { Stream, StreamSink } from '../../src/stream/stream.ts'
import { Recorder, segment } from './recorder.ts'

const KIB = 1024
const MIB = 1024 * KIB

test('a stream of more than 4 GiB: offsets go on, through four wraps of the numbers', () => {
  const recorder = new Recorder().client('S', 4_000_000_000)
  let sequence = 4_000_000_001
  const block = 2 ** 30 - 1
  let offset = 0
  // Only lengths count: the capture kept no byte of the large segments.
  for (let i = 0; i < 17; i++) {
    recorder.client('.', sequence, '', { length: block })
    sequence = (sequence + block) >>> 0
    offset += block
  }
  assert.ok(offset > 4 * 2 ** 32 - 2 ** 30)
  recorder.client('.', (sequence + 5) >>> 0, 'world').client('.', sequence, 'hello')
  recorder.client('.', (sequence + 12) >>> 0, '!').server((sequence + 13) >>> 0)
  assert.equal(recorder.text, 'helloworld!')
  assert.equal(recorder.lines.at(-1), `gap ${offset + 10}+2 acked`)
  recorder.client('F.', (sequence + 13) >>> 0).server((sequence + 14) >>> 0)
  assert.equal(recorder.end().lines.length, 18)
})

test('out-of-order bytes of one direction stay under the limit; the hole is given up, nothing else', () => {
  const recorder = new Recorder().client('S', 99)
  const text = 'x'.repeat(16 * KIB)
  let peak = 0
  for (let i = 0; i < 200; i++) {
    recorder.client('.', 110 + i * text.length, text)
    peak = Math.max(peak, recorder.reassembler.held)
  }
  assert.ok(peak <= MIB && peak > MIB - 64 * KIB, `${peak} bytes held`)
  assert.equal(recorder.text.length, 200 * text.length)
  assert.deepEqual(recorder.lines, ['gap 0+10 limit'])
})

test('many tiny segments: memory and their number are limited', () => {
  const recorder = new Recorder().client('S', 99)
  for (let i = 0; i < 20_000; i++) recorder.client('.', 110 + i * 2, 'x')
  assert.ok(recorder.reassembler.held <= MIB)
  assert.equal(recorder.lines.length, 20_000 - 4096)
  assert.ok(recorder.lines.every((line) => line.endsWith('limit')))
  assert.equal(recorder.end().text.length, 20_000)
  assert.equal(recorder.reassembler.held, 0)
})

test('over the limit of all, the stream that waited longest without news gives up', () => {
  const gaps: string[] = []
  const sink: StreamSink = {
    data() {},
    gap: (stream: Stream, offset, length, reason) =>
      gaps.push(`${stream.flow}: ${offset}+${length} ${reason}`),
    truncated() {},
    overlap() {},
    late() {},
    stray() {},
  }
  const reassembler = new Reassembler(sink, { policy: 'first', totalBytes: 64 * KIB })
  const early = (flow: number, at: number): void =>
    reassembler.segment(flow, true, segment('.', { sequence: at, text: 'x'.repeat(4 * KIB) }))
  for (let flow = 0; flow < 16; flow++) {
    reassembler.segment(flow, true, segment('S', { sequence: 2 ** 32 - 1 }))
    early(flow, 4 * KIB)
  }
  assert.equal(reassembler.held, 64 * KIB)
  assert.deepEqual(gaps, [])
  early(0, 12 * KIB)
  assert.deepEqual(gaps, [`1: 0+${4 * KIB} evicted`])
  early(2, 12 * KIB)
  assert.deepEqual(gaps.slice(1), [`3: 0+${4 * KIB} evicted`])
  assert.ok(reassembler.held <= 64 * KIB)
  for (let flow = 0; flow < 16; flow++) reassembler.end(flow, 0)
  assert.equal(reassembler.held, 0)
})
