import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GtpHeader } from '../../src/wire/gtp.ts'
import { frameOf, fromHex, headerSuite, uint32 } from './header-suite.ts'

const header = new GtpHeader()

headerSuite({
  name: 'GTP-U',
  bytes: '30 ff 0000 01020304',
  fields: { tunnel: 0x01020304 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ tunnel: header.tunnel }),
  emit: GtpHeader.emit,
  arbitrary: fc.record({ tunnel: uint32() }),
  // An echo; the charging protocol; version 2; an extension without length; one that is cut.
  bad: [
    '30 01 0000 01020304',
    '20 ff 0000 01020304',
    '48 ff 0000 01020304',
    '34 ff 0008 01020304 00000085 00000000',
    '34 ff 0008 01020304 00000085 02000000',
  ],
})

test('GTP-U: extension headers are stepped over', () => {
  const frame = frameOf(fromHex('34 ff 0000 01020304 000000c0 01000085 01000000 45'))
  assert.ok(header.at(frame, frame.start))
  assert.equal(header.headerLength, 20)
  const numbered = frameOf(fromHex('32 ff 0000 01020304 000700ff 45'))
  assert.ok(header.at(numbered, numbered.start))
  assert.equal(header.headerLength, 12, 'without the flag the next type means nothing')
})
