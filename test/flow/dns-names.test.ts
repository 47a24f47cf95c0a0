import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DnsNames } from '../../src/flow/dns-names.ts'
import { NANOS_PER_SECOND } from '../../src/flow/time.ts'
import { type DnsMessage, readDnsDatagram } from '../../src/wire/dns.ts'
import { name, type ResponseParts, record, response } from '../support/dns-message.ts'

function message(asked: string, parts: ResponseParts): DnsMessage {
  const bytes = response(asked, parts)
  return readDnsDatagram(bytes, 0, bytes.length)[0]!
}

function address(owner: string, last: number, ttl = 60): Uint8Array {
  return record(name(owner), 1, ttl, [192, 0, 2, last])
}

function alias(owner: string, target: string): Uint8Array {
  return record(name(owner), 5, 60, name(target))
}

/** What `192.0.2.1` to `.4` are called after this message. */
function learned(asked: string, parts: ResponseParts): (string | undefined)[] {
  const names = new DnsNames()
  names.learn(message(asked, parts), 0)
  return [1, 2, 3, 4].map((last) => names.find(`192.0.2.${last}`, 1))
}

const cases: [what: string, asked: string, parts: ResponseParts, expected: (string | undefined)[]][] = [
  [
    'every address of the name',
    'a.test',
    { answers: [address('a.test', 1), address('a.test', 3)] },
    ['a.test', undefined, 'a.test', undefined],
  ],
  [
    'an alias leads to the name that was asked',
    'a.test',
    { answers: [alias('a.test', 'b.test'), alias('b.test', 'c.test'), address('c.test', 1)] },
    ['a.test', undefined, undefined, undefined],
  ],
  [
    'aliases in any order and in any case',
    'a.test',
    { answers: [address('C.test', 1), alias('B.test', 'c.TEST'), alias('A.test', 'b.test')] },
    ['a.test', undefined, undefined, undefined],
  ],
  [
    'an alias of itself',
    'a.test',
    { answers: [alias('a.test', 'a.test'), address('a.test', 1)] },
    ['a.test', undefined, undefined, undefined],
  ],
  [
    'a record that nobody asked for',
    'a.test',
    { answers: [address('bank.test', 1)] },
    [undefined, undefined, undefined, undefined],
  ],
  [
    'a query',
    'a.test',
    { flags: 0x0100, answers: [address('a.test', 1)] },
    [undefined, undefined, undefined, undefined],
  ],
  [
    'an error',
    'a.test',
    { flags: 0x8183, answers: [address('a.test', 1)] },
    [undefined, undefined, undefined, undefined],
  ],
  [
    'an update',
    'a.test',
    { flags: 0xa800, answers: [address('a.test', 1)] },
    [undefined, undefined, undefined, undefined],
  ],
]

for (const [what, asked, parts, expected] of cases)
  test(`names from an answer: ${what}`, () => assert.deepEqual(learned(asked, parts), expected))

test('a name counts from its answer on for its TTL, at least an hour; the last one before the moment counts', () => {
  const names = new DnsNames()
  const at = (seconds: number): string | undefined => names.find('192.0.2.1', seconds * NANOS_PER_SECOND)
  names.learn(message('a.test', { answers: [address('a.test', 1, 60)] }), 10 * NANOS_PER_SECOND)
  names.learn(message('b.test', { answers: [address('b.test', 1, 7200)] }), 20 * NANOS_PER_SECOND)
  assert.deepEqual([5, 10, 19, 20, 3620, 7220, 7221].map(at), [
    undefined,
    'a.test',
    'a.test',
    'b.test',
    'b.test',
    'b.test',
    undefined,
  ])
  assert.equal(names.latest('192.0.2.1'), 'b.test')
  // The same answer again: it is known from the first one on, and for longer.
  names.learn(message('b.test', { answers: [address('b.test', 1, 60)] }), 7000 * NANOS_PER_SECOND)
  assert.deepEqual([20, 7221, 10_601].map(at), ['b.test', 'b.test', undefined])
})

test('two addresses share a name while both count under it', () => {
  const names = new DnsNames()
  names.learn(message('a.test', { answers: [address('a.test', 1), address('a.test', 2)] }), 0)
  names.learn(message('b.test', { answers: [address('b.test', 3), address('b.test', 1)] }), NANOS_PER_SECOND)
  const share = (a: number, b: number, seconds = 2): boolean =>
    names.share(`192.0.2.${a}`, `192.0.2.${b}`, seconds * NANOS_PER_SECOND)
  assert.deepEqual([share(1, 2), share(3, 1), share(2, 3), share(1, 4)], [true, true, false, false])
  assert.equal(share(3, 1, 0.5), false, 'not yet')
})

test('a name counts for a day at most', () => {
  const names = new DnsNames()
  names.learn(message('a.test', { answers: [address('a.test', 1, 99_999_999)] }), 0)
  assert.equal(names.find('192.0.2.1', 86_400 * NANOS_PER_SECOND), 'a.test')
  assert.equal(names.find('192.0.2.1', 86_401 * NANOS_PER_SECOND), undefined)
})

test('memory is bounded: 65 536 addresses, of each the latest four names', () => {
  const names = new DnsNames()
  for (let i = 0; i < 6; i++)
    names.learn(message(`${i}.test`, { answers: [address(`${i}.test`, 1)] }), i * NANOS_PER_SECOND)
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((second) => names.find('192.0.2.1', second * NANOS_PER_SECOND)),
    [undefined, undefined, '2.test', '3.test', '4.test', '5.test'],
  )
  const many = Array.from({ length: 256 }, (_, i) => i)
  for (const high of [...many, 256]) {
    const words = many.map((low) => ({
      name: 'x.test',
      ttl: 1,
      address: { family: 4 as const, words: Uint32Array.of(high * 256 + low, 0, 0, 0) },
    }))
    names.learn({ ...message('x.test', {}), answers: words }, 0)
  }
  assert.equal(names.size, 65_536)
  assert.equal(names.find('192.0.2.1', 0), undefined)
})
