import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NflogHeader } from '../../src/wire/nflog.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new NflogHeader()

headerSuite({
  name: 'NFLOG',
  bytes: '02000000 0400 0900',
  fields: { length: 0, headerLength: 8 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ length: 0, headerLength: header.headerLength }),
  emit: (view, offset, fields) => {
    const length = NflogHeader.emit(view, offset, fields)
    view.setUint8(offset, 2)
    return length
  },
  arbitrary: fc.record({ length: fc.constant(0), headerLength: fc.constant(8) }),
  // No packet; an attribute shorter than its head; another version.
  bad: ['02000000 0400 0100', '02000000 0300 0100 0400 0900', '02010000 0400 0900'],
})

test('NFLOG: attributes before the packet are stepped over, in either byte order', () => {
  for (const bytes of [
    '02000000 0500 0a00 31000000 0800 0100 00000001 0500 0900 45',
    '02000000 0005 000a 31000000 0008 0001 00000001 0005 0009 45',
  ]) {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.equal(header.headerLength, 24)
  }
})
