import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { L2tpHeader } from '../../src/wire/l2tp.ts'
import { frameOf, fromHex, headerSuite, uint16 } from './header-suite.ts'

const header = new L2tpHeader()

headerSuite({
  name: 'L2TP',
  bytes: '0002 1234 0000',
  fields: { tunnel: 0x1234 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ tunnel: header.tunnel }),
  emit: L2tpHeader.emit,
  arbitrary: fc.record({ tunnel: uint16() }),
  // Control; version 3; sequence numbers that are not there; padding that runs over.
  bad: ['8002 1234 0000', '0003 1234 0000', '0802 1234 0000', '0202 1234 0000 00ff'],
})

test('L2TP: length, sequence numbers and padding are stepped over', () => {
  const frame = frameOf(fromHex('4a02 0020 1234 0000 0001 0002 0002 0000 ff03'))
  assert.ok(header.at(frame, frame.start))
  assert.deepEqual([header.tunnel, header.headerLength], [0x1234, 16])
})
