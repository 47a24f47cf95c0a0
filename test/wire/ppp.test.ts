import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PPP_IPV4, PPP_IPV6, PPP_MPLS, PPP_MPLS_MULTICAST, PppHeader } from '../../src/wire/ppp.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new PppHeader()

headerSuite({
  name: 'PPP',
  bytes: '0021',
  fields: { protocol: PPP_IPV4 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ protocol: header.protocol }),
  emit: PppHeader.emit,
  arbitrary: fc.record({
    protocol: fc.constantFrom(PPP_IPV4, PPP_IPV6, PPP_MPLS, PPP_MPLS_MULTICAST, 0xc021),
  }),
  bad: [],
})

const variants: readonly (readonly [bytes: string, length: number, etherType: number])[] = [
  ['0021 45', 2, 0x0800],
  ['21 45', 1, 0x0800],
  ['ff03 0057 60', 4, 0x86dd],
  ['ff03 57 60', 3, 0x86dd],
  ['0281 00', 2, 0x8847],
  ['0283 00', 2, 0x8848],
  ['c021 01', 2, 0],
]
for (const [bytes, length, etherType] of variants)
  test(`PPP: ${bytes}`, () => {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.headerLength, header.etherType], [length, etherType])
  })
