import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AyiyaHeader } from '../../src/wire/ayiya.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new AyiyaHeader()
const identity = '20010db8 00000000 00000000 00000001'

headerSuite({
  name: 'AYIYA',
  bytes: `41 00 01 29 00000000 ${'00'.repeat(16)}`,
  fields: { next: 41 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ next: header.etherType === 0x86dd ? 41 : 4 }),
  emit: AyiyaHeader.emit,
  arbitrary: fc.record({ next: fc.constantFrom(4, 41) }),
  // An echo request; a signature that is not there.
  bad: [`41 00 02 29 00000000 ${identity}`, `41 50 01 29 00000000 ${identity}`],
})

test('AYIYA: identity and signature are stepped over', () => {
  const frame = frameOf(fromHex(`41 52 01 29 00000000 ${identity} ${'00'.repeat(20)} 60`))
  assert.ok(header.at(frame, frame.start))
  assert.deepEqual([header.headerLength, header.etherType], [44, 0x86dd])
})
