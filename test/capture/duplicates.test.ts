import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Duplicates } from '../../src/capture/duplicates.ts'

const MS = 1e6

/** An IPv4 TCP segment with `payload` bytes. */
function ipv4(payload = 4): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40 + payload)
  bytes.set([0x45, 0, 0, 40 + payload, 0x12, 0x34, 0x40, 0, 64, 6, 0xaa, 0xbb, 10, 0, 0, 1, 10, 0, 0, 2])
  bytes.set([0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0xcc, 0xdd, 0, 0], 20)
  for (let i = 0; i < payload; i++) bytes[40 + i] = i
  return bytes
}
/** An IPv6 UDP datagram. */
function ipv6(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(52)
  bytes.set([0x60, 0, 0, 0, 0, 12, 17, 64])
  bytes[23] = 1
  bytes[39] = 2
  bytes.set([0x30, 0x39, 0, 53, 0, 12, 0xcc, 0xdd, 1, 2, 3, 4], 40)
  return bytes
}
function changed(bytes: Uint8Array, ...at: number[]): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes)
  for (const offset of at) copy[offset]! ^= 0xff
  return copy
}

/** Whether `second` counts as a copy of `first`. */
function second(
  first: Uint8Array<ArrayBuffer>,
  again: Uint8Array<ArrayBuffer>,
  { iface = 1, time = 1 * MS } = {},
): boolean {
  const duplicates = new Duplicates()
  assert.equal(duplicates.isCopy(new DataView(first.buffer), 0, first.length, first.length, 0, 0), false)
  return duplicates.isCopy(new DataView(again.buffer), 0, again.length, again.length, iface, time)
}

const cases: readonly (readonly [name: string, expected: boolean, actual: () => boolean])[] = [
  ['the same bytes on another interface', true, () => second(ipv4(), ipv4())],
  ['earlier by its time', true, () => second(ipv4(), ipv4(), { time: -1 * MS })],
  ['on the same interface: a retransmission', false, () => second(ipv4(), ipv4(), { iface: 0 })],
  ['at 10 ms', true, () => second(ipv4(), ipv4(), { time: 10 * MS })],
  ['after 10 ms', false, () => second(ipv4(), ipv4(), { time: 10 * MS + 1 })],
  ['TTL and header checksum differ', true, () => second(ipv4(), changed(ipv4(), 8, 10, 11))],
  ['TCP checksum differs (offload)', true, () => second(ipv4(), changed(ipv4(), 36, 37))],
  ['identification differs', false, () => second(ipv4(), changed(ipv4(), 5))],
  ['address differs (NAT)', false, () => second(ipv4(), changed(ipv4(), 15))],
  ['sequence number differs', false, () => second(ipv4(), changed(ipv4(), 27))],
  ['payload differs', false, () => second(ipv4(), changed(ipv4(), 43))],
  ['last byte of a long payload differs', false, () => second(ipv4(1400), changed(ipv4(1400), 1439))],
  ['longer', false, () => second(ipv4(), ipv4(5))],
  ['IPv6, hop limit and UDP checksum differ', true, () => second(ipv6(), changed(ipv6(), 7, 46, 47))],
  ['IPv6, next header differs', false, () => second(ipv6(), changed(ipv6(), 6))],
  ['IPv6, payload differs', false, () => second(ipv6(), changed(ipv6(), 51))],
  ['not IP', false, () => second(changed(ipv4(), 0), changed(ipv4(), 0))],
]
for (const [name, expected, actual] of cases)
  test(`duplicates: ${name}: ${expected ? 'a copy' : 'not a copy'}`, () => assert.equal(actual(), expected))

test('duplicates: a later fragment has no checksum to mask', () => {
  const fragment = changed(ipv4())
  fragment[7] = 5 // fragment offset
  assert.equal(second(fragment, changed(fragment, 36)), false)
})

test('duplicates: each of three interfaces, then a retransmission over all of them', () => {
  const duplicates = new Duplicates()
  const bytes = ipv4()
  const see = (iface: number, time: number): boolean =>
    duplicates.isCopy(new DataView(bytes.buffer), 0, bytes.length, bytes.length, iface, time)
  assert.deepEqual([see(0, 0), see(1, 1), see(2, 2)], [false, true, true])
  assert.deepEqual([see(0, 5 * MS), see(1, 5 * MS + 1), see(2, 5 * MS + 2)], [false, true, true])
})

test('duplicates: many packets in flight are all remembered', () => {
  const duplicates = new Duplicates()
  const bytes = ipv4()
  const view = new DataView(bytes.buffer)
  const see = (number: number, iface: number): boolean => {
    view.setUint32(24, number)
    return duplicates.isCopy(view, 0, bytes.length, bytes.length, iface, number)
  }
  let copies = 0
  for (let i = 0; i < 2000; i++) assert.equal(see(i, 0), false)
  for (let i = 0; i < 2000; i++) if (see(i, 1)) copies++
  assert.equal(copies, 2000)
})
