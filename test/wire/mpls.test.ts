import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LAYER_ETHERNET } from '../../src/wire/layer.ts'
import { MplsStack } from '../../src/wire/mpls.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new MplsStack()
/** The byte behind the labels belongs to what they carry. */
const CARRIED = 1

headerSuite({
  name: 'MPLS',
  bytes: '12345140',
  fields: { label: 0x12345 },
  at: (frame, offset) => {
    const { end } = frame
    frame.end = end + CARRIED
    const read = header.at(frame, offset)
    frame.end = end
    return read
  },
  read: () => ({ label: header.label }),
  emit: MplsStack.emit,
  arbitrary: fc.record({ label: fc.integer({ min: 0, max: 0xfffff }) }),
  bad: [],
})

const addresses = '001122334455 001122334466'
const variants: readonly (readonly [name: string, bytes: string, length: number, etherType: number])[] = [
  ['IPv4', '00010140 45', 4, 0x0800],
  ['IPv6 under two labels', '00010040 00020140 60', 8, 0x86dd],
  ['Ethernet', `00010140 ${addresses} 0800 45000000`, 4, LAYER_ETHERNET],
  ['Ethernet behind a control word', `00010140 00000000 ${addresses} 0800 45000000`, 8, LAYER_ETHERNET],
]
for (const [name, bytes, length, etherType] of variants)
  test(`MPLS: ${name}`, () => {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.headerLength, header.etherType], [length, etherType])
  })

test('MPLS: labels without a bottom, and nothing behind them', () => {
  for (const bytes of ['00010040 00020040 45', '00010140']) {
    const frame = frameOf(fromHex(bytes))
    assert.equal(header.at(frame, frame.start), false)
  }
})
