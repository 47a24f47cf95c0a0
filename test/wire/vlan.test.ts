import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VlanTag } from '../../src/wire/vlan.ts'
import { frameOf, fromHex, headerSuite, uint16 } from './header-suite.ts'

const tag = new VlanTag()

headerSuite({
  name: 'VLAN',
  bytes: '0064 0800',
  fields: { identifier: 100, etherType: 0x0800 },
  at: (frame, offset) => tag.at(frame, offset),
  read: () => ({ identifier: tag.identifier, etherType: tag.etherType }),
  emit: VlanTag.emit,
  arbitrary: fc.record({ identifier: fc.integer({ min: 0, max: 4095 }), etherType: uint16() }),
  bad: [],
})

test('VLAN: priority and drop bits are no part of the identifier', () => {
  const frame = frameOf(fromHex('f064 0800'))
  assert.ok(tag.at(frame, frame.start))
  assert.equal(tag.identifier, 100)
})
