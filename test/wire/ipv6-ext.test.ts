import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  EXTENSION_AUTHENTICATION,
  EXTENSION_DESTINATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  EXTENSION_ROUTING,
  ExtensionHeader,
  isExtension,
} from '../../src/wire/ipv6-ext.ts'
import { frameOf, fromHex, headerSuite, uint8, uint32 } from './header-suite.ts'

const header = new ExtensionHeader()

headerSuite({
  name: 'IPv6 fragment',
  bytes: '06 00 0590 12345678',
  fields: { nextHeader: 6, fragmentOffset: 0x590, fragmentIdentification: 0x12345678 },
  at: (frame, offset) => header.at(frame, offset, EXTENSION_FRAGMENT),
  read: () => ({
    nextHeader: header.nextHeader,
    fragmentOffset: header.fragmentOffset,
    fragmentIdentification: header.fragmentIdentification,
  }),
  emit: (view, offset, fields) => ExtensionHeader.emit(view, offset, EXTENSION_FRAGMENT, fields),
  arbitrary: fc.record({
    nextHeader: uint8(),
    fragmentOffset: fc.integer({ min: 0, max: 8191 }).map((units) => units * 8),
    fragmentIdentification: uint32(),
  }),
  bad: [],
})

headerSuite({
  name: 'IPv6 hop-by-hop',
  bytes: '06 00 c2 04 00012345',
  fields: { nextHeader: 6, jumboLength: 0x12345 },
  at: (frame, offset) => header.at(frame, offset, EXTENSION_HOP_BY_HOP),
  read: () => ({ nextHeader: header.nextHeader, jumboLength: header.jumboLength }),
  emit: (view, offset, fields) => ExtensionHeader.emit(view, offset, EXTENSION_HOP_BY_HOP, fields),
  arbitrary: fc.record({ nextHeader: uint8(), jumboLength: uint32() }),
  // Says 16 bytes, has 8.
  bad: ['06 01 0104 00000000'],
})

const lengthOf = (kind: number, hex: string): number => {
  const frame = frameOf(fromHex(hex))
  assert.ok(header.at(frame, frame.start, kind))
  return header.headerLength
}

test('IPv6 extensions: each kind has its own unit of length', () => {
  assert.equal(lengthOf(EXTENSION_ROUTING, `06 02 ${'00'.repeat(22)}`), 24)
  assert.equal(lengthOf(EXTENSION_DESTINATION, `06 00 ${'00'.repeat(6)}`), 8)
  assert.equal(lengthOf(EXTENSION_AUTHENTICATION, `06 04 ${'00'.repeat(22)}`), 24)
  // The second byte of a fragment header is reserved.
  assert.equal(lengthOf(EXTENSION_FRAGMENT, '06 ff 0000 00000000'), 8)
})

test('IPv6 extensions: the jumbo option is found behind others, and not past the end', () => {
  const jumbo = (hex: string): number => {
    const frame = frameOf(fromHex(hex))
    assert.ok(header.at(frame, frame.start, EXTENSION_HOP_BY_HOP))
    return header.jumboLength
  }
  assert.equal(jumbo('06 01 00 00 0502 0000 c204 00020000 0000'), 0x20000)
  assert.equal(jumbo('06 00 0104 0000 c204'), 0)
  assert.equal(jumbo('06 00 c203 000000 00'), 0)
})

test('IPv6 extensions: the kinds that are stepped over', () => {
  const kinds = Array.from({ length: 256 }, (_, kind) => kind).filter(isExtension)
  assert.deepEqual(kinds, [0, 43, 44, 51, 60])
})
