import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GreHeader } from '../../src/wire/gre.ts'
import { LAYER_IP } from '../../src/wire/layer.ts'
import { frameOf, fromHex, headerSuite, uint32 } from './header-suite.ts'

const header = new GreHeader()

headerSuite({
  name: 'GRE',
  bytes: '2000 6558 01020304',
  fields: { etherType: 0x6558, key: 0x01020304 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ etherType: header.etherType, key: header.key }),
  emit: GreHeader.emit,
  arbitrary: fc.record({ etherType: fc.constantFrom(0x0800, 0x86dd, 0x6558, 0x880b), key: uint32() }),
  // Version 2; a checksum that is not there.
  bad: ['2002 6558 01020304', '8000 0800'],
})

const variants: readonly (readonly [
  name: string,
  bytes: string,
  length: number,
  etherType: number,
  key: number,
])[] = [
  ['nothing optional', '0000 0800', 4, 0x0800, 0],
  ['checksum', '8000 0800 ffff0000', 8, 0x0800, 0],
  ['sequence', '1000 0800 00000007', 8, 0x0800, 0],
  ['checksum, key, sequence', 'b000 0800 ffff0000 00000009 00000007', 16, 0x0800, 9],
  ['source routes', '4000 0800 ffff0000 00020004 01020304 00000000', 20, 0x0800, 0],
  ['PPTP: the key is a call', '3081 880b 00100001 00000001 00000002', 16, 0x880b, 0],
  ['ERSPAN without a header', '0000 88be', 4, 0x6558, 0],
  ['ERSPAN', '1000 88be 00000007', 8, 0x88be, 0],
  ['WCCP 1', '0000 883e 45', 4, LAYER_IP, 0],
  ['WCCP 2', '0000 883e 01000000 45', 8, LAYER_IP, 0],
]

for (const [name, bytes, length, etherType, key] of variants)
  test(`GRE: ${name}`, () => {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.headerLength, header.etherType, header.key], [length, etherType, key])
  })
