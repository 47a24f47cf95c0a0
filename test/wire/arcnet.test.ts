import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ARCNET_IP_1051, ARCNET_IP_1201, ArcnetHeader } from '../../src/wire/arcnet.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new ArcnetHeader()

headerSuite({
  name: 'ARCNET',
  bytes: '0000 0000 d4 00 0000',
  fields: { systemCode: ARCNET_IP_1201 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ systemCode: header.systemCode }),
  emit: ArcnetHeader.emit,
  arbitrary: fc.record({ systemCode: fc.constantFrom(ARCNET_IP_1051, ARCNET_IP_1201) }),
  // The second of two fragments.
  bad: ['0000 0000 d4 02 0000'],
})

test('ARCNET: length with and without split flag, and of an exception packet', () => {
  for (const [bytes, length, etherType] of [
    ['0000 0000 f0 45', 5, 0x0800],
    ['0000 0000 d4 01 0007 45', 8, 0x0800],
    ['0000 0000 d4 ff ffff d400 0007 45', 12, 0x0800],
    ['0000 0000 d5 00 0007', 8, 0],
  ] as const) {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start), bytes)
    assert.deepEqual([header.headerLength, header.etherType], [length, etherType])
  }
})
