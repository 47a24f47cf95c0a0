import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FragmentStore } from '../../src/wire/fragment.ts'
import { KIND_FRAGMENT, KIND_TCP, KIND_UDP, PacketStack } from '../../src/wire/stack.ts'
import { frameOf } from './header-suite.ts'
import * as make from './packets.ts'

const PAYLOAD = Uint8Array.from({ length: 3000 }, (_, i) => (i * 31) & 0xff)
const SEGMENT = make.tcp(PAYLOAD, { mss: 1460 })
const SECOND = 1e9

type Cut = readonly [from: number, to: number]
/** `[from, to)` of `whole` as an IPv4 packet in Ethernet. */
const piece4 = (
  whole: Uint8Array,
  [from, to]: Cut,
  fields: Parameters<typeof make.ipv4>[2] = {},
): Uint8Array =>
  make.ethernet(
    0x0800,
    make.ipv4(6, whole.subarray(from, to), {
      identification: 7,
      fragmentOffset: from,
      moreFragments: to < whole.length,
      ...fields,
    }),
  )
const piece6 = (whole: Uint8Array, [from, to]: Cut, identification = 7): Uint8Array => {
  const fields = { nextHeader: 6, fragmentOffset: from, moreFragments: to < whole.length }
  const fragment = make.extension(44, whole.subarray(from, to), {
    ...fields,
    fragmentIdentification: identification,
  })
  return make.ethernet(0x86dd, make.ipv6(44, fragment))
}
const cutAt = (whole: Uint8Array, ...ends: readonly number[]): Cut[] =>
  [...ends, whole.length].map((to, i) => [i === 0 ? 0 : ends[i - 1]!, to])

/** What the application sent, as the stack tells it. */
function payloadOf(stack: PacketStack): Uint8Array {
  const { payloadOffset, payloadCaptured } = stack
  return stack.datagram.bytes.slice(payloadOffset, payloadOffset + payloadCaptured)
}

function walker(): { stack: PacketStack; walk: (bytes: Uint8Array, time?: number) => number } {
  const stack = new PacketStack()
  return { stack, walk: (bytes, time = 0) => stack.walk(frameOf(bytes), 1, time) }
}

for (const [name, piece] of [
  ['IPv4', piece4],
  ['IPv6', piece6],
] as const)
  test(`fragments: ${name}, in every order`, () => {
    const cuts = cutAt(SEGMENT, 1480, 2000)
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]
    const { stack, walk } = walker()
    for (const order of orders) {
      const kinds = order.map((index) => walk(piece(SEGMENT, cuts[index]!)))
      assert.deepEqual(kinds, [KIND_FRAGMENT, KIND_FRAGMENT, KIND_TCP])
      assert.deepEqual(payloadOf(stack), PAYLOAD)
      const { sourcePort, payloadLength, tcpOptions, protocol } = stack
      assert.deepEqual([sourcePort, payloadLength, tcpOptions.mss, protocol], [40000, 3000, 1460, 6])
    }
  })

test('fragments: any cuts, duplicates and overlaps of the same bytes make the same packet', () => {
  const { stack, walk } = walker()
  const units = Math.floor(SEGMENT.length / 8)
  const position = fc.integer({ min: 0, max: units }).map((unit) => unit * 8)
  fc.assert(
    fc.property(
      fc.uniqueArray(position, { maxLength: 6 }),
      fc.array(fc.tuple(position, position), { maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      fc.nat(0xffff),
      (ends, extras, random, identification) => {
        const cuts = cutAt(SEGMENT, ...ends.filter((end) => end > 0).sort((a, b) => a - b))
        for (const [a, b] of extras) if (a !== b) cuts.push([Math.min(a, b), Math.max(a, b)])
        const shuffled = cuts
          .map((cut) => ({ cut, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
        const whole = shuffled.some(({ cut }) => walk(piece4(SEGMENT, cut, { identification })) === KIND_TCP)
        assert.ok(whole)
        assert.deepEqual(payloadOf(stack), PAYLOAD)
        // Fragments behind the one that made it whole begin it anew: it is completed, and forgotten.
        for (const cut of cutAt(SEGMENT, 8)) walk(piece4(SEGMENT, cut, { identification }))
      },
    ),
    { numRuns: 300 },
  )
})

test('fragments: where they overlap with other bytes, what came first stays', () => {
  const { stack, walk } = walker()
  const other = SEGMENT.map((byte, i) => (i < 64 ? byte : byte ^ 0xff))
  walk(piece4(SEGMENT, [0, 1000]))
  walk(piece4(other, [504, 2000]))
  assert.equal(walk(piece4(SEGMENT, [1496, SEGMENT.length])), KIND_TCP)
  const expected = Uint8Array.from([
    ...SEGMENT.subarray(24, 1000),
    ...other.subarray(1000, 2000),
    ...SEGMENT.subarray(2000),
  ])
  assert.deepEqual(payloadOf(stack), expected)
})

test('fragments: another sender, identification, protocol or tunnel is another packet', () => {
  const { walk } = walker()
  const [first, last] = cutAt(SEGMENT, 1480) as [Cut, Cut]
  walk(piece4(SEGMENT, first))
  assert.equal(walk(piece4(SEGMENT, last, { identification: 8 })), KIND_FRAGMENT)
  assert.equal(walk(piece4(SEGMENT, last, { source: 0x0a000009 })), KIND_FRAGMENT)
  assert.equal(walk(piece4(SEGMENT, last, { protocol: 17 })), KIND_FRAGMENT)
  const inside = piece4(SEGMENT, last).subarray(14)
  assert.equal(walk(make.ethernet(0x0800, make.ipv4(4, inside))), KIND_FRAGMENT)
  assert.equal(walk(piece6(SEGMENT, last)), KIND_FRAGMENT)
  assert.equal(walk(piece4(SEGMENT, last)), KIND_TCP)
})

test('fragments: given up after 30 s of the capture in IPv4, 60 s in IPv6', () => {
  for (const [piece, seconds] of [
    [piece4, 30],
    [piece6, 60],
  ] as const) {
    const { walk } = walker()
    const [first, last] = cutAt(SEGMENT, 1480) as [Cut, Cut]
    walk(piece(SEGMENT, first), 5 * SECOND)
    assert.equal(walk(piece(SEGMENT, last), (5 + seconds) * SECOND), KIND_TCP)
    walk(piece(SEGMENT, first), 5 * SECOND)
    assert.equal(walk(piece(SEGMENT, last), (5 + seconds) * SECOND + 1), KIND_FRAGMENT)
    // The late one began another packet.
    assert.equal(walk(piece(SEGMENT, first), (6 + seconds) * SECOND), KIND_TCP)
  }
})

test('fragments: a flood of first fragments pushes out the oldest, and memory stays bounded', () => {
  const { stack, walk } = walker()
  const [first, last] = cutAt(SEGMENT, 1480) as [Cut, Cut]
  for (let identification = 0; identification < 10_000; identification++)
    walk(piece4(SEGMENT, first, { identification }), identification)
  assert.equal(walk(piece4(SEGMENT, last, { identification: 0 }), 10_000), KIND_FRAGMENT)
  assert.equal(walk(piece4(SEGMENT, last, { identification: 9_999 }), 10_000), KIND_TCP)
  assert.deepEqual(payloadOf(stack), PAYLOAD)
})

test('fragments: in a tunnel that came in fragments itself', () => {
  const { stack, walk } = walker()
  const inner = cutAt(SEGMENT, 1480).map((cut) => piece4(SEGMENT, cut, { identification: 9 }).subarray(14))
  const kinds = inner.flatMap((packet, index) => {
    const [first, last] = cutAt(packet, 800) as [Cut, Cut]
    const fields = { protocol: 4, identification: index }
    return [walk(piece4(packet, first, fields)), walk(piece4(packet, last, fields))]
  })
  assert.deepEqual(kinds, [KIND_FRAGMENT, KIND_FRAGMENT, KIND_FRAGMENT, KIND_TCP])
  assert.deepEqual(payloadOf(stack), PAYLOAD)
})

test('fragments: a packet in one IPv6 fragment is whole', () => {
  const { walk } = walker()
  assert.equal(walk(piece6(SEGMENT, [0, SEGMENT.length])), KIND_TCP)
})

test('fragments: a chain of fragment headers as long as a packet can be', () => {
  const { stack } = walker()
  const header = make.extension(44, new Uint8Array(0), { nextHeader: 44, moreFragments: true })
  const chain = new Uint8Array(8 * 30_000)
  for (let at = 0; at < chain.length; at += 8) chain.set(header, at)
  const packet = make.ethernet(0x86dd, make.ipv6(44, chain, { payloadLength: 0xffff }))
  for (const original of [packet.length, 400_000])
    for (let length = 54; length < packet.length; length += 9973)
      assert.ok(stack.walk(frameOf(packet.subarray(0, length), original), 1) > 0)
})

test('fragments: of IPv6, the first says what is inside', () => {
  const { walk } = walker()
  const datagram = make.udp(new Uint8Array(100))
  const piece = (nextHeader: number, [from, to]: Cut): Uint8Array => {
    const fields = { nextHeader, fragmentOffset: from, moreFragments: to < datagram.length }
    return make.ethernet(0x86dd, make.ipv6(44, make.extension(44, datagram.subarray(from, to), fields)))
  }
  walk(piece(17, [0, 64]))
  assert.equal(walk(piece(6, [64, datagram.length])), KIND_UDP)
})

test('fragments: what cannot be is not taken', () => {
  const store = new FragmentStore()
  const of = {
    family: 4,
    source: new Uint32Array(4),
    destination: new Uint32Array(4),
    ipId: 1,
    tunnel: 0,
  }
  const bytes = new Uint8Array(70_000).fill(1)
  const add = (offset: number, length: number, more: boolean): boolean =>
    store.add(of, 6, 0, bytes, 0, length, offset, more)
  assert.equal(add(65_528, 16, false), false, 'beyond 64 KiB')
  assert.equal(add(0, 7, true), false, 'less than a unit')
  assert.equal(add(0, 12, true), false)
  assert.equal(add(12 - 4, 8, false), true, 'only whole units of the first were taken')
  assert.equal(store.length, 16)
  add(16, 8, false)
  add(64, 64, true)
  assert.equal(add(0, 16, true), true, 'what lies behind the end does not count')
  assert.equal(store.length, 24)
})
