import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OVERLAP_POLICIES } from '../../src/stream/overlap.ts'
import { Recorder, winners } from './recorder.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const alphabet = (length: number): string =>
  Array.from({ length }, (_, i) => LETTERS[(i * 7 + Math.floor(i / 26)) % 26]).join('')

/** A text cut into segments, some of them twice or over each other, in any order; and where the numbers start. */
const delivery = fc
  .record({
    length: fc.integer({ min: 1, max: 300 }),
    initial: fc.oneof(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 2 ** 32 - 300, max: 2 ** 32 - 1 }),
    ),
    cuts: fc.array(fc.nat(300), { maxLength: 12 }),
    extra: fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 80 })), { maxLength: 10 }),
    seed: fc.infiniteStream(fc.nat()),
  })
  .map(({ length, initial, cuts, extra, seed }) => {
    const edges = [...new Set([0, ...cuts.filter((cut) => cut < length), length])].sort((a, b) => a - b)
    const parts = edges.slice(1).map((end, i) => [edges[i]!, end] as const)
    const again = extra
      .filter(([start]) => start < length)
      .map(([start, size]) => [start, Math.min(start + size, length)] as const)
    const order = [...parts, ...again].map((part) => [seed.next().value as number, part] as const)
    order.sort((a, b) => a[0] - b[0])
    return { text: alphabet(length), initial, segments: order.map(([, part]) => part) }
  })

test('any permutation and repetition of the segments gives the same bytes, with every policy', () => {
  fc.assert(
    fc.property(delivery, fc.constantFrom(...OVERLAP_POLICIES), (sent, policy) => {
      const { text, initial, segments } = sent
      const recorder = new Recorder({ policy }).client('S', initial)
      for (const [start, end] of segments)
        recorder.client('.', (initial + 1 + start) >>> 0, text.slice(start, end))
      recorder.client('F.', (initial + 1 + text.length) >>> 0).server((initial + text.length + 2) >>> 0)
      assert.equal(recorder.text, text)
      assert.deepEqual(
        recorder.lines.filter((line) => /gap|different/.test(line)),
        [],
      )
      assert.equal(recorder.reassembler.held, 0, 'no page is kept')
      recorder.end()
      assert.equal(recorder.text, text)
    }),
    { numRuns: 300 },
  )
})

test('conflicting copies: every byte is one of those that were sent, each offset is passed on once', () => {
  const piece = fc.record({ start: fc.nat(60), length: fc.integer({ min: 1, max: 30 }) })
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom(...OVERLAP_POLICIES),
      (pieces, policy) => {
        const recorder = new Recorder({ policy }).client('S', 99)
        const copies = new Map<number, Set<string>>()
        pieces.forEach(({ start, length }, i) => {
          // Offset 0 stays open until the end: everything waits and is subject to the policy.
          for (let at = start + 1; at < start + 1 + length; at++)
            copies.set(at, (copies.get(at) ?? new Set()).add(LETTERS[i]!))
          recorder.client('.', 101 + start, LETTERS[i]!.repeat(length))
        })
        recorder.client('.', 100, '!').end()
        const offsets = [...copies.keys()].sort((a, b) => a - b)
        assert.equal(recorder.text.length, offsets.length + 1)
        offsets.forEach((offset, i) => {
          assert.ok(copies.get(offset)!.has(recorder.text[i + 1]!), `offset ${offset}`)
        })
      },
    ),
    { numRuns: 300 },
  )
})

/** Stored copy at 10 to 20; the new segment; the winner with first, last, bsd, windows, linux, solaris. */
const OVERLAPS: readonly (readonly [name: string, start: number, end: number, row: string])[] = [
  ['starts before, ends inside', 5, 15, 'o n n n n o'],
  ['starts before, ends at the end', 5, 20, 'o n n n n n'],
  ['starts before, ends beyond', 5, 25, 'o n n n n n'],
  ['same start, shorter', 10, 15, 'o n o o o o'],
  ['same start, same end', 10, 20, 'o n o o o n'],
  ['same start, longer', 10, 25, 'o n o o n n'],
  ['starts inside, ends inside', 12, 18, 'o n o o o o'],
  ['starts inside, ends at the end', 12, 20, 'o n o o o o'],
  ['starts inside, ends beyond', 12, 25, 'o n o o o n'],
]

for (const [name, start, end, row] of OVERLAPS)
  for (const [policy, winner] of winners(row))
    test(`overlap, ${policy}: the new segment ${name}`, () => {
      const recorder = new Recorder({ policy }).client('S', 99)
      recorder.client('.', 110, 'o'.repeat(10)).client('.', 100 + start, 'n'.repeat(end - start))
      const low = Math.max(start, 10)
      const overlap = Math.min(end, 20) - low
      assert.deepEqual(recorder.lines, [`overlap ${low}+${overlap} different`])
      const filler = Math.min(start, 10)
      recorder.client('.', 100, '.'.repeat(filler))
      const expected = Array.from({ length: Math.max(end, 20) }, (_, at) => {
        if (at < filler) return '.'
        if (at >= low && at < low + overlap) return winner
        return at >= start && at < end ? 'n' : 'o'
      })
      assert.equal(recorder.text, expected.join(''))
    })

test('a copy that comes when its turn is over changes nothing', () => {
  for (const policy of OVERLAP_POLICIES) {
    const recorder = new Recorder({ policy }).client('S', 99).client('.', 100, 'hello')
    recorder.client('.', 102, 'XXXX').client('.', 100, 'yy')
    assert.equal(recorder.text, 'helloX')
    assert.deepEqual(recorder.lines, ['late 2+3', 'late 0+2'])
  }
})

test('keep-alives are no data', () => {
  const recorder = new Recorder().client('S', 99).client('.', 100, 'hello')
  recorder.client('.', 104, '\0').client('.', 104).client('.', 105, '!')
  assert.equal(recorder.text, 'hello!')
  assert.deepEqual(recorder.lines, [])
})

test('a hole is no gap while there is no evidence', () => {
  const recorder = new Recorder().client('S', 99).client('.', 105, 'world').server(100).server(105)
  assert.equal(recorder.text, '')
  assert.deepEqual(recorder.lines, [])
  recorder.client('.', 100, 'hello')
  assert.equal(recorder.text, 'helloworld')
})

test('a hole is a gap once bytes behind it are acknowledged', () => {
  const recorder = new Recorder().client('S', 99).client('.', 105, 'world').server(110)
  assert.equal(recorder.text, 'world')
  assert.deepEqual(recorder.lines, ['gap 0+5 acked'])
  recorder.client('.', 100, 'hello')
  assert.deepEqual(recorder.lines, ['gap 0+5 acked', 'late 0+5'])
})

test('an acknowledgement that comes before what it acknowledges makes no gap', () => {
  const recorder = new Recorder()
    .client('S', 99)
    .server(110)
    .client('.', 100, 'hello')
    .client('.', 105, 'world')
  assert.equal(recorder.text, 'helloworld')
  assert.deepEqual(recorder.end().lines, [])
})

test('bytes behind a hole that was acknowledged before make it a gap', () => {
  const recorder = new Recorder().client('S', 99).server(110).client('.', 105, 'world')
  assert.deepEqual(recorder.lines, ['gap 0+5 acked'])
  assert.equal(recorder.text, 'world')
})

test('an acknowledged FIN makes what is missing before it a gap, once nothing more can come', () => {
  const recorder = new Recorder().client('S', 99).client('.', 100, 'hello').client('F.', 110).server(110)
  assert.deepEqual(recorder.lines, [])
  recorder.server(111)
  assert.deepEqual(recorder.lines, [], 'nothing waits behind the hole')
  assert.deepEqual(recorder.end().lines, ['gap 5+5 fin'])
})

test('bytes that were captured behind the end of the connection are in the stream', () => {
  const recorder = new Recorder().client('S', 99).client('F.', 105).server(106).client('.', 100, 'hello')
  assert.equal(recorder.end().text, 'hello')
  assert.deepEqual(recorder.lines, [])
})

test('the acknowledgement that a reset carries is evidence too; what it carries else is no data', () => {
  const recorder = new Recorder().client('S', 99).client('.', 105, 'world').server(110, 'R.')
  assert.deepEqual(recorder.lines, ['gap 0+5 acked'])
  recorder.client('R', 110, 'reason')
  assert.equal(recorder.text, 'world')
})

test('at the end what waits is passed on behind a gap', () => {
  const recorder = new Recorder().client('S', 99).client('.', 103, 'd').client('.', 101, 'b').end()
  assert.equal(recorder.text, 'bd')
  assert.deepEqual(recorder.lines, ['gap 0+1 end', 'gap 2+1 end'])
})

test('at the end bytes that were acknowledged and never seen are a gap; a single one may be the FIN', () => {
  const hello = (): Recorder => new Recorder().client('S', 99).client('.', 100, 'hello')
  assert.deepEqual(hello().server(115).end().lines, ['gap 5+10 acked'])
  assert.deepEqual(hello().server(106).end().lines, [])
  assert.deepEqual(hello().client('F.', 110).end().lines, ['gap 5+5 end'])
})

test('bytes behind the FIN are left out, and a FIN before known bytes does not count', () => {
  const behind = new Recorder().client('S', 99).client('F.', 100, 'hello').client('.', 103, 'lo, more')
  assert.equal(behind.text, 'hello')
  assert.deepEqual(behind.client('.', 110, 'more').lines, ['late 3+2', 'stray 5+6', 'stray 10+4'])
  const early = new Recorder()
    .client('S', 99)
    .client('.', 105, 'world')
    .client('F.', 103)
    .client('.', 100, 'hello')
  assert.equal(early.text, 'helloworld')
})

test('data on a SYN starts the stream', () => {
  const recorder = new Recorder().client('S', 2 ** 32 - 1, 'fast').client('.', 4, ' open')
  assert.equal(recorder.text, 'fast open')
})

test('a SYN with another number counts only before there is data', () => {
  const before = new Recorder().client('S', 99).client('S', 499).client('.', 500, 'hello')
  assert.equal(before.text, 'hello')
  const after = new Recorder()
    .client('S', 99)
    .client('.', 100, 'hello')
    .client('S', 499)
    .client('.', 105, '!')
  assert.equal(after.text, 'hello!')
})

test('midstream: the first packet is the start, a SYN+ACK tells it for the other side', () => {
  const first = new Recorder().client('.', 100, 'hello').client('.', 90, 'before').client('.', 105, '!')
  assert.equal(first.text, 'hello!')
  assert.deepEqual(first.lines, ['late -10+6'])
  const answered = new Recorder().server(100, 'S.').client('.', 105, 'world').client('.', 100, 'hello')
  assert.equal(answered.text, 'helloworld')
})

test('numbers farther away than any window are not the stream', () => {
  const recorder = new Recorder()
    .client('S', 99)
    .client('.', 100, 'hello')
    .client('.', 2 ** 31, 'stray')
  recorder.server(2 ** 31).client('.', 105, '!')
  assert.equal(recorder.end().text, 'hello!')
  assert.deepEqual(recorder.lines, [`stray ${2 ** 31 - 100}+5`])
})

test('bytes that the capture cut off are truncated, not missing', () => {
  const cut = { captured: 2, length: 5 }
  const inOrder = new Recorder().client('S', 99).client('.', 100, 'he', cut).client('.', 105, 'world')
  assert.equal(inOrder.text, 'heworld')
  assert.deepEqual(inOrder.lines, ['truncated 2+3'])
  const early = new Recorder().client('S', 99).client('.', 105, 'wo', cut).client('.', 100, 'hello')
  assert.equal(early.text, 'hellowo')
  assert.deepEqual(early.lines, ['truncated 7+3'])
  const again = new Recorder().client('S', 99).client('.', 105, 'wo', cut).client('.', 106, 'orld')
  assert.equal(again.client('.', 100, 'hello').text, 'helloworld')
  assert.deepEqual(again.lines, ['overlap 6+1 same'])
})
