import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Intervals } from '../../src/stream/interval.ts'
import { OVERLAP_POLICIES } from '../../src/stream/overlap.ts'
import { PAGE_BYTES, PagePool } from '../../src/stream/page.ts'
import { Pending } from '../../src/stream/pending.ts'

/** `2-5 9-12!`: pieces from start to end, `!` where the capture cut them off. */
function notation({ count, start, end, cut }: Intervals): string {
  return Array.from({ length: count }, (_, i) => `${start[i]}-${end[i]}${cut[i] === 1 ? '!' : ''}`).join(' ')
}

test('pieces go in where the order wants them, and out', () => {
  const pieces = new Intervals()
  for (let i = 40; i > 0; i--) pieces.insert(pieces.search(i * 10), i * 10, i * 10 + 5, i, 0)
  assert.equal(pieces.count, 40)
  assert.deepEqual([pieces.start[0], pieces.end[39], pieces.time[16]], [10, 405, 17])
  assert.deepEqual(
    [0, 14, 15, 20, 404, 405].map((offset) => pieces.search(offset)),
    [0, 0, 1, 1, 39, 40],
  )
  pieces.remove(1, 38)
  assert.equal(notation(pieces), '10-15 400-405')
})

test('offsets beyond 2^32 are exact', () => {
  const pieces = new Intervals()
  const far = 2 ** 45
  pieces.insert(0, far + 1, far + 2, 0, 0)
  pieces.insert(1, far + 2, far + 4, 0, 0)
  assert.deepEqual([pieces.search(far), pieces.search(far + 2), pieces.search(far + 4)], [0, 1, 2])
})

interface Write {
  readonly start: number
  readonly length: number
  readonly cut: boolean
}

/** Around the edge of a page, far beyond 2^32. */
const BASE = 2 ** 40 * PAGE_BYTES - 50
const writes = fc.array(
  fc.record({ start: fc.nat(100), length: fc.integer({ min: 1, max: 40 }), cut: fc.boolean() }),
  { maxLength: 16 },
)

/** Everything after all of it was written: the byte at each offset, `cut`, or nothing. */
function held({ pieces, pages }: Pending): Map<number, number | 'cut'> {
  const bytes = new Map<number, number | 'cut'>()
  for (let i = 0; i < pieces.count; i++) {
    assert.ok(pieces.start[i]! < pieces.end[i]!, 'no piece is empty')
    assert.ok(i === 0 || pieces.end[i - 1]! <= pieces.start[i]!, 'none over another, all in order')
    for (let at = pieces.start[i]!; at < pieces.end[i]!; at++)
      bytes.set(at, pieces.cut[i] === 1 ? 'cut' : pages.at(at)[at % PAGE_BYTES]!)
  }
  return bytes
}

for (const policy of OVERLAP_POLICIES)
  test(`as a plain map of bytes would hold them: ${policy}`, () => {
    fc.assert(
      fc.property(writes, (list: readonly Write[]) => {
        const pool = new PagePool()
        const overlapped = new Set<number>()
        const pending = new Pending(pool, policy, (offset, length) => {
          for (let at = offset; at < offset + length; at++) overlapped.add(at)
        })
        const first = new Map<number, number | 'cut'>()
        const last = new Map<number, number | 'cut'>()
        const again = new Set<number>()
        list.forEach(({ start, length, cut }, i) => {
          const from = BASE + start
          if (cut) pending.storeCut(from, from + length, i)
          // The bytes stand somewhere inside a packet, not at its start.
          else pending.store(from, from + length, new Uint8Array(length + 7).fill(i, 7), 7, i)
          for (let at = from; at < from + length; at++) {
            if (!cut && typeof first.get(at) === 'number') again.add(at)
            if (!first.has(at) || (first.get(at) === 'cut' && !cut)) first.set(at, cut ? 'cut' : i)
            if (!last.has(at) || !cut) last.set(at, cut ? 'cut' : i)
          }
        })
        const bytes = new Map([...held(pending)])
        const sorted = (map: ReadonlyMap<number, number | 'cut'>) => [...map].sort((a, b) => a[0] - b[0])
        if (policy === 'first') assert.deepEqual(sorted(bytes), sorted(first))
        else if (policy === 'last') assert.deepEqual(sorted(bytes), sorted(last))
        else assert.deepEqual([...bytes.keys()].sort(), [...first.keys()].sort())
        assert.deepEqual([...overlapped].sort(), [...again].sort(), 'every repeated byte is told')
        pending.pages.clear()
        assert.equal(pool.used, 0)
      }),
    )
  })
