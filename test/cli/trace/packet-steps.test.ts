import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { PacketRing } from '../../../src/capture/packet-ring.ts'
import { PcapngDecoder } from '../../../src/capture/pcapng-read.ts'
import { PacketSteps } from '../../../src/cli/trace/packet-steps.ts'
import { FlowCard } from '../../../src/live/model/flow-card.ts'
import { type CapturedSegment, writeTcpCapture } from '../../support/tcp-capture.ts'

const INTERFACES = [{ name: 'lo', linkType: 101, snaplen: 65_535 }]
const ENDS = { client: { addr: '10.0.0.1', port: 40_000 }, server: { addr: '10.0.0.2', port: 80 } }
const FLOW = 7

/** A ring with these segments of one flow, from row `from` on. */
function ringOf(segments: readonly CapturedSegment[], from = 0): PacketRing {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-steps-'))
  const file = join(folder, 'segments.pcapng')
  writeTcpCapture(file, [segments])
  const bytes = new Uint8Array(readFileSync(file))
  rmSync(folder, { recursive: true })
  const view = new DataView(bytes.buffer)
  const batch = new PacketBatch()
  batch.reset(bytes, view)
  new PcapngDecoder().decode(bytes, view, 0, bytes.length, batch)
  const ring = new PacketRing()
  for (let row = from; row < batch.count; row++) ring.add(FLOW, batch, row)
  return ring
}

function arrows(ring: PacketRing): string[] {
  const card = new FlowCard(FLOW, ENDS, 0)
  return new PacketSteps(ring)
    .of(card, INTERFACES)
    .map(({ fromClient, what }) => (fromClient ? `${what} ▸` : `◂ ${what}`))
}

const SEGMENTS: readonly CapturedSegment[] = [
  ['client', 'S', 4_000_000_000, 0],
  ['server', 'S.', 100, 4_000_000_001],
  ['client', '.', 4_000_000_001, 101],
  ['client', 'P.', 4_000_000_001, 101, 'hello'],
  ['server', '.', 101, 4_000_000_006],
  ['server', 'P.', 101, 4_000_000_006, 'answer'],
  ['client', '.', 4_000_000_006, 107],
  ['client', 'R', 4_000_000_006, 0],
]

test('an acknowledgement counts from the SYN of the other side', () => {
  assert.deepEqual(arrows(ringOf(SEGMENTS)), [
    '[S] ▸',
    '◂ [S.]',
    '[.] ack 1 ▸',
    '[P.] 5 B ▸',
    '◂ [.] ack 6',
    '◂ [P.] 6 B',
    '[.] ack 7 ▸',
    '[R] ▸',
  ])
})

test('where the SYN is not held any more it counts from the first byte that is', () => {
  assert.deepEqual(arrows(ringOf(SEGMENTS, 4)), ['◂ [.] ack 1', '◂ [P.] 6 B', '[.] ack 7 ▸', '[R] ▸'])
})

test('packets of other flows are left out; new ones come with the next look', () => {
  const ring = ringOf(SEGMENTS.slice(0, 2))
  const steps = new PacketSteps(ring)
  assert.equal(steps.of(new FlowCard(FLOW + 1, ENDS, 0), INTERFACES).length, 0)
  const card = new FlowCard(FLOW, ENDS, 0)
  const before = steps.of(card, INTERFACES)
  assert.equal(before.length, 2)
  assert.equal(steps.of(card, INTERFACES), before)
  const bytes = new Uint8Array(40)
  const batch = new PacketBatch()
  batch.reset(bytes, new DataView(bytes.buffer))
  batch.push(0, 40, 40, 5e6, 0)
  ring.add(FLOW, batch, 0)
  // Nothing that can be read as a segment.
  assert.equal(steps.of(card, INTERFACES).length, 2)
})
