import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MODERN_LADDER, patience, rungs } from '../../src/flow/syn-ladder.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter } from '../support/packet-writer.ts'

test('rungs as measured on Linux', () => {
  assert.deepEqual(rungs(MODERN_LADDER), [1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131])
  assert.deepEqual(rungs({ retries: 6, linear: 0 }), [1, 3, 7, 15, 31, 63, 127])
  assert.deepEqual(rungs({ retries: 1, linear: 0 }), [1, 3])
  // No timeout is longer than 120 s (TCP_RTO_MAX).
  assert.deepEqual(rungs({ retries: 8, linear: 0 }), [1, 3, 7, 15, 31, 63, 127, 247, 367])
})

const SENTENCES: readonly [n: number, seconds: number, text: string][] = [
  [1, 1.02, 'SYN again, no. 1, +1.0 s; next at +2 s, the kernel gives up at about 131 s'],
  [2, 2.0, 'SYN again, no. 2, +2.0 s; next at +3 s, the kernel gives up at about 131 s'],
  [2, 3.04, 'SYN again, no. 2, +3.0 s; next at +7 s, the kernel gives up at about 127 s'],
  [10, 68.61, 'SYN again, no. 10, +68.6 s, the last; the kernel gives up at about 131 s'],
  [1, 0.5, 'SYN again, no. 1, +0.5 s'],
  [40, 99, 'SYN again, no. 40, +99.0 s'],
]
for (const [n, seconds, text] of SENTENCES)
  test(`sentence: ${text}`, () => {
    let last: string | undefined
    const tracker = new FlowTracker(FILE_OPTIONS, { event: (event) => (last = event.text) })
    const writer = new PacketWriter()
    for (let i = 0; i <= n; i++) {
      const stack = writer.tcp(
        { addr: '10.0.0.1', port: 5000 },
        { addr: '10.0.0.2', port: 80 },
        { seq: 7, flags: SYN },
      )
      tracker.packet(stack, (i < n ? i : seconds * 1e9) as Nanos, 0, i + 1)
    }
    assert.equal(last, text)
  })

test('patience ends once the next SYN did not come', () => {
  const seconds = [...patience(MODERN_LADDER, 20)].map((nanos) => Math.round(nanos / 1e7) / 100)
  assert.deepEqual(
    [1, 7, 11, 0].map((syns) => seconds[syns]),
    [1.12, 4.48, 71.68, 146.72],
  )
})
