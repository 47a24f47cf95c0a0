import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type IcmpFields, IcmpHeader } from '../../src/wire/icmp.ts'
import { Icmp6Header } from '../../src/wire/icmp6.ts'
import { frameOf, fromHex, headerSuite, uint8, uint16, uint32 } from './header-suite.ts'

const icmp = new IcmpHeader()
const icmp6 = new Icmp6Header()

const arbitrary: fc.Arbitrary<Required<IcmpFields>> = fc.record({
  type: uint8(),
  code: uint8(),
  checksum: uint16(),
  rest: uint32(),
})

headerSuite<Required<IcmpFields>>({
  name: 'ICMP',
  bytes: '03 04 1234 00000594',
  fields: { type: 3, code: 4, checksum: 0x1234, rest: 1428 },
  at: (frame, offset) => icmp.at(frame, offset),
  read: () => ({
    type: icmp.type,
    code: icmp.code,
    checksum: icmp.checksum,
    rest: icmp.identifier * 0x10000 + icmp.nextHopMtu,
  }),
  emit: IcmpHeader.emit,
  arbitrary,
  bad: [],
})

headerSuite<Required<IcmpFields>>({
  name: 'ICMPv6',
  bytes: '02 00 1234 00000500',
  fields: { type: 2, code: 0, checksum: 0x1234, rest: 1280 },
  at: (frame, offset) => icmp6.at(frame, offset),
  read: () => ({ type: icmp6.type, code: icmp6.code, checksum: icmp6.checksum, rest: icmp6.mtu }),
  emit: Icmp6Header.emit,
  arbitrary,
  bad: [],
})

test('ICMP and ICMPv6: the types that quote a packet', () => {
  const errors = (header: IcmpHeader | Icmp6Header): number[] =>
    Array.from({ length: 256 }, (_, type) => type).filter((type) => {
      const frame = frameOf(Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0))
      assert.ok(header.at(frame, frame.start))
      return header.isError
    })
  assert.deepEqual(errors(icmp), [3, 4, 5, 11, 12])
  assert.deepEqual(errors(icmp6), [1, 2, 3, 4])
})

test('ICMP and ICMPv6: an echo has an identifier and a sequence number', () => {
  for (const header of [icmp, icmp6]) {
    const frame = frameOf(fromHex('08 00 0000 1234 5678'))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.identifier, header.sequence], [0x1234, 0x5678])
  }
})
