import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { FILE_OPTIONS, feedFile } from '../support/feed.ts'
import { PacketWriter, type Peer, type SegmentFields } from '../support/packet-writer.ts'

interface Sent {
  readonly back: boolean
  readonly after: number
  readonly fields: SegmentFields
}

/** Near the wrap, so that both sides of it are met. */
const BASE = 2 ** 32 - 2000
const near = fc.integer({ min: 0, max: 4000 }).map((n) => (BASE + n) >>> 0)
const FLAGS = [SYN, SYN | ACK, ACK, ACK, ACK | PSH, ACK | PSH, ACK | FIN, RST, RST | ACK, FIN, 0]

const segment: fc.Arbitrary<Sent> = fc.record({
  back: fc.boolean(),
  after: fc.constantFrom(0, 1e3, 1e6, 30e6, 1e9),
  fields: fc.record({
    seq: near,
    ack: near,
    flags: fc.constantFrom(...FLAGS),
    win: fc.constantFrom(0, 1, 500, 65_535),
    len: fc.constantFrom(0, 0, 1, 100, 1000),
    options: fc.constantFrom({}, { mss: 1460, windowScale: 7, sackPermitted: true }),
  }),
})

/** Everything that is told about the segments, with `A` and `B` in place of the two addresses. */
function told(segments: readonly Sent[], a: Peer, b: Peer): string {
  const lines: unknown[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, {
    event: (event) => lines.push(event),
    flow: ({ community_id: _, ...record }) => lines.push(record),
  })
  const writer = new PacketWriter()
  let time = 0
  segments.forEach(({ back, after, fields }, i) => {
    time += after
    tracker.packet(back ? writer.tcp(b, a, fields) : writer.tcp(a, b, fields), time as Nanos, 0, i + 1)
  })
  tracker.finish()
  return JSON.stringify(lines).replaceAll(a.addr, 'A').replaceAll(b.addr, 'B')
}

test('whose address is the lower makes no difference, for any segments', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 40 }), (segments) => {
      const b = { addr: '10.0.0.5', port: 80 }
      assert.equal(
        told(segments, { addr: '10.0.0.1', port: 40_000 }, b),
        told(segments, { addr: '10.0.0.9', port: 40_000 }, b),
      )
    }),
    { numRuns: 500, seed: 9293 },
  )
})

corporaTest('two runs over a capture tell the same, byte for byte', (folder) => {
  for (const path of captureFiles(folder)) {
    const run = () => JSON.stringify(feedFile(path))
    assert.equal(run(), run(), path)
  }
})
