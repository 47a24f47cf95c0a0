import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FddiHeader } from '../../src/wire/fddi.ts'
import { LAYER_LLC } from '../../src/wire/layer.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new FddiHeader()

headerSuite({
  name: 'FDDI',
  bytes: `50 ${'00'.repeat(12)}`,
  fields: { frameControl: 0x50 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ frameControl: header.etherType === LAYER_LLC ? 0x50 : 0xc0 }),
  emit: FddiHeader.emit,
  arbitrary: fc.record({ frameControl: fc.constantFrom(0x50, 0xc0) }),
  bad: [],
})

test('FDDI: of all frames those of logical link control are read', () => {
  for (const [control, etherType] of [
    ['54', LAYER_LLC],
    ['d0', LAYER_LLC],
    ['41', 0],
    ['c3', 0],
  ] as const) {
    const frame = frameOf(fromHex(control + '00'.repeat(12)))
    assert.ok(header.at(frame, frame.start))
    assert.equal(header.etherType, etherType)
  }
})
