import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LAYER_LLC } from '../../src/wire/layer.ts'
import { WlanHeader } from '../../src/wire/wlan.ts'
import { frameOf, fromHex, headerSuite } from './header-suite.ts'

const header = new WlanHeader()
const zeros = (length: number): string => '00'.repeat(length)

headerSuite({
  name: '802.11',
  bytes: `08 01 ${zeros(22)}`,
  fields: { flags: 1, qos: false },
  at: (frame, offset) => header.at(frame, offset) && header.headerLength >= 24,
  read: () => ({ flags: header.headerLength >= 30 ? 3 : 1, qos: header.headerLength % 6 !== 0 }),
  emit: WlanHeader.emit,
  arbitrary: fc.record({ flags: fc.constantFrom(1, 3), qos: fc.boolean() }),
  bad: [`88 01 ${zeros(22)}`, `08 03 ${zeros(22)}`],
})

const variants: readonly (readonly [name: string, bytes: string, length: number, etherType: number])[] = [
  ['data', `08 02 ${zeros(22)}`, 24, LAYER_LLC],
  ['between access points', `08 03 ${zeros(28)}`, 30, LAYER_LLC],
  ['QoS', `88 01 ${zeros(24)}`, 26, LAYER_LLC],
  ['QoS with HT control', `88 81 ${zeros(28)}`, 30, LAYER_LLC],
  ['the first packet of an aggregate', `88 02 ${zeros(22)} 8000 ${zeros(14)}`, 40, LAYER_LLC],
  ['encrypted', `88 41 ${zeros(24)}`, 26, 0],
  ['a fragment', `08 05 ${zeros(22)}`, 24, 0],
]
for (const [name, bytes, length, etherType] of variants)
  test(`802.11: ${name}`, () => {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.deepEqual([header.headerLength, header.etherType], [length, etherType])
  })

test('802.11: management, control and empty frames carry nothing', () => {
  for (const bytes of [`80 00 ${zeros(22)}`, 'd4 00 0000', `48 01 ${zeros(22)}`, `c8 01 ${zeros(24)}`]) {
    const frame = frameOf(fromHex(bytes))
    assert.ok(header.at(frame, frame.start))
    assert.equal(header.etherType, 0)
  }
})
