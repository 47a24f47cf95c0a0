import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JuniperHeader } from '../../src/wire/juniper.ts'
import { LAYER_ETHERNET } from '../../src/wire/layer.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new JuniperHeader()

headerSuite({
  name: 'Juniper',
  bytes: '4d4743 80 0002 0000',
  fields: { extensions: 2 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ extensions: header.headerLength - 6 }),
  emit: JuniperHeader.emit,
  arbitrary: fc.record({ extensions: fc.integer({ min: 0, max: 100 }) }),
  bad: ['4d4744 80 0002 0000', '4d4743 80 0003 0000'],
})

test('Juniper: frames with extensions, without, and without link header', () => {
  for (const [flags, length, etherType] of [
    ['80', 6, LAYER_ETHERNET],
    ['00', 4, LAYER_ETHERNET],
    ['02', 4, 0],
  ] as const) {
    const frame = frameOf(fromHex(`4d4743 ${flags} 0000`))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.headerLength, header.etherType], [length, etherType])
  }
})
