import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ErspanHeader } from '../../src/wire/erspan.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new ErspanHeader()

headerSuite({
  name: 'ERSPAN',
  bytes: '10000000 00000000',
  fields: { version: 1 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ version: header.version }),
  emit: ErspanHeader.emit,
  arbitrary: fc.record({ version: fc.constantFrom(1, 2) }),
  // An unknown version; the longer header of type III, cut.
  bad: ['30000000 00000000', '20000000 00000000'],
})

test('ERSPAN: type III with and without its optional part', () => {
  for (const [flags, length] of [
    ['00', 12],
    ['01', 20],
  ] as const) {
    const frame = frameOf(fromHex(`20000000 00000000 000000${flags} 00000000 00000000`))
    assert.ok(header.at(frame, frame.start))
    assert.equal(header.headerLength, length)
  }
})
