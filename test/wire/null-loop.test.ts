import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../../src/wire/ethernet.ts'
import { INET6_FAMILIES, NullHeader } from '../../src/wire/null-loop.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new NullHeader()

headerSuite({
  name: 'NULL and LOOP',
  bytes: '00000002',
  fields: { family: 2 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ family: header.family }),
  emit: NullHeader.emit,
  arbitrary: fc.record({ family: fc.integer({ min: 1, max: 255 }) }),
  bad: [],
})

const etherTypeOf = (hex: string): number => {
  const frame = frameOf(fromHex(hex))
  assert.ok(header.at(frame, frame.start))
  return header.etherType
}

test('NULL and LOOP: either byte order, every number that systems give IPv6', () => {
  assert.equal(etherTypeOf('00000002'), ETHERTYPE_IPV4)
  assert.equal(etherTypeOf('02000000'), ETHERTYPE_IPV4)
  for (const family of INET6_FAMILIES) {
    const hex = family.toString(16).padStart(2, '0')
    assert.equal(etherTypeOf(`000000${hex}`), ETHERTYPE_IPV6)
    assert.equal(etherTypeOf(`${hex}000000`), ETHERTYPE_IPV6)
  }
  assert.equal(etherTypeOf('00000007'), 0)
})
