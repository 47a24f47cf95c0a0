import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LAYER_LINK } from '../../src/wire/layer.ts'
import { PpiHeader } from '../../src/wire/ppi.ts'
import { frameOf, fromHex, headerSuite, uint16 } from './header-suite.ts'

const header = new PpiHeader()

headerSuite({
  name: 'PPI',
  bytes: '0000 0800 69000000',
  fields: { linkType: 105, headerLength: 8 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ linkType: header.linkType, headerLength: header.headerLength }),
  emit: PpiHeader.emit,
  arbitrary: fc.record({ linkType: uint16(), headerLength: fc.integer({ min: 8, max: 100 }) }),
  bad: ['0100 0800 69000000', '0000 0700 69000000', '0000 0900 69000000'],
})

test('PPI: a number beyond all link types is one that nobody has', () => {
  const frame = frameOf(fromHex('0000 0800 ffffffff'))
  assert.ok(header.at(frame, frame.start))
  assert.equal(header.etherType, LAYER_LINK + 0xffff)
})
