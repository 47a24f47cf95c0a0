import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatAddress } from '../../src/wire/address.ts'
import { type DnsMessage, readDnsDatagram, readDnsSegment } from '../../src/wire/dns.ts'
import { concat, name, pointer, record, response } from '../support/dns-message.ts'

function read(bytes: Uint8Array): DnsMessage {
  return readDnsDatagram(bytes, 0, bytes.length)[0]!
}

/** Answers as `name type data`. */
function answers({ answers }: DnsMessage): string[] {
  return answers.map((answer) =>
    'address' in answer
      ? `${answer.name} ${formatAddress(answer.address.family, answer.address.words)} ${answer.ttl}`
      : `${answer.name} → ${answer.target} ${answer.ttl}`,
  )
}

const A = [192, 0, 2, 7]
const AAAA = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
const ASKED = 'www.example.com'

const WHOLE = response(ASKED, {
  answers: [
    record(pointer(12), 5, 60, concat(name('cdn', false), pointer(16))),
    record(name('cdn.example.com'), 1, 300, A),
    record(name('cdn.example.com'), 28, 30, AAAA),
  ],
})

test('a response: question, alias, addresses of both families', () => {
  const message = read(WHOLE)
  assert.deepEqual(message.question, { name: ASKED, type: 1 })
  assert.deepEqual(
    { ...message, answers: [], question: undefined },
    {
      id: 0x1234,
      isResponse: true,
      opcode: 0,
      rcode: 0,
      isTruncated: false,
      answers: [],
      isWhole: true,
      question: undefined,
    },
  )
  assert.deepEqual(answers(message), [
    `${ASKED} → cdn.example.com 60`,
    'cdn.example.com 192.0.2.7 300',
    'cdn.example.com 2001:db8::1 30',
  ])
})

const cases: [what: string, bytes: Uint8Array, expected: Partial<DnsMessage>][] = [
  ['a query', response(ASKED, { flags: 0x0100 }), { isResponse: false, rcode: 0, isWhole: true }],
  ['NXDOMAIN', response(ASKED, { flags: 0x8183 }), { isResponse: true, rcode: 3 }],
  ['SERVFAIL', response(ASKED, { flags: 0x8182 }), { isResponse: true, rcode: 2 }],
  ['truncated (TC)', response(ASKED, { flags: 0x8380 }), { isTruncated: true }],
  ['an update', response(ASKED, { flags: 0xa800 }), { opcode: 5 }],
  ['the root', response('.'), { question: { name: '.', type: 1 } }],
  ['odd octets', response('a\u0007.b c'), { question: { name: 'a\\007.b\\032c', type: 1 } }],
  [
    'a dot and a backslash in a label',
    response('', { owner: [3, 0x61, 0x2e, 0x5c, 0] }),
    { question: { name: 'a\\.\\\\', type: 1 } },
  ],
  ['a pointer to itself', response('', { owner: [0xc0, 12] }), { isWhole: false }],
  ['a pointer forward', response('', { owner: [0xc0, 14, 1, 0x61, 0] }), { isWhole: false }],
  ['a loop of two', response('', { owner: [1, 0x61, 0xc0, 12] }), { isWhole: false }],
  ['a reserved label type', response('', { owner: [0x40, 1, 0] }), { isWhole: false }],
  ['a name of 255 octets', response('', { owner: longName(255) }), { isWhole: true }],
  ['a name of 256 octets', response('', { owner: longName(256) }), { isWhole: false }],
  [
    'an A record of five bytes',
    response(ASKED, { answers: [record(pointer(12), 1, 1, [1, 2, 3, 4, 5])] }),
    { isWhole: false, answers: [] },
  ],
  [
    'an alias that ends before its data',
    response(ASKED, { answers: [record(pointer(12), 5, 1, [...pointer(12), 0])] }),
    { isWhole: false, answers: [] },
  ],
  [
    'other classes and types are passed over',
    response(ASKED, { answers: [record(pointer(12), 1, 1, A, 3), record(pointer(12), 16, 1, [1, 0x61])] }),
    { isWhole: true, answers: [] },
  ],
  ['two questions', response(ASKED, { questions: 2 }), { isWhole: false }],
]

for (const [what, bytes, expected] of cases)
  test(`a message: ${what}`, () => {
    assert.deepEqual({ ...read(bytes), ...expected }, read(bytes))
    if (what.startsWith('two')) assert.equal(read(bytes).question, undefined)
  })

test('a TTL with the highest bit set is 0', () => {
  const [answer] = read(response(ASKED, { answers: [record(pointer(12), 1, 0x8000_0001, A)] })).answers
  assert.equal(answer?.ttl, 0)
})

test('cut anywhere: the answers before the cut, and nothing behind it is read', () => {
  const all = answers(read(WHOLE))
  for (let length = 0; length < WHOLE.length; length++) {
    // What stands behind the cut must not be looked at.
    const bytes = concat(WHOLE.subarray(0, length), new Uint8Array(64).fill(0xff))
    const [message] = readDnsDatagram(bytes, 0, length)
    assert.equal(message === undefined, length < 12)
    if (message === undefined) continue
    assert.equal(message.isWhole, false)
    const found = answers(message)
    assert.deepEqual(found, all.slice(0, found.length))
    assert.deepEqual(readDnsDatagram(WHOLE.slice(0, length), 0, 1000), [message])
  }
})

test('anything at all is read without an exception, in bounded memory', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(WHOLE.length - 1), fc.nat(255)), { maxLength: 12 }),
      fc.uint8Array({ maxLength: 80 }),
      (changes, tail) => {
        const bytes = concat(WHOLE, tail)
        for (const [at, octet] of changes) bytes[at] = octet
        const message = read(bytes)
        assert.ok(message.answers.length <= 256)
        for (const answer of message.answers) {
          assert.match(answer.name, /^[\x21-\x7e]{1,1020}$/)
          if ('target' in answer) assert.match(answer.target, /^[\x21-\x7e]{1,1020}$/)
        }
        readDnsSegment(bytes, 0, bytes.length)
      },
    ),
    { numRuns: 2000, seed: 20_260_101 },
  )
})

test('over TCP: whole messages behind their lengths, what is cut off is left', () => {
  const framed = concat([WHOLE.length >> 8, WHOLE.length & 0xff], WHOLE)
  const two = concat(framed, framed, framed.subarray(0, 9))
  assert.deepEqual(
    readDnsSegment(two, 0, two.length).map(({ question }) => question?.name),
    [ASKED, ASKED],
  )
  for (let length = 0; length < framed.length; length++)
    assert.deepEqual(readDnsSegment(framed, 0, length), [])
  assert.deepEqual(readDnsSegment(Uint8Array.of(0, 0, 0, 0), 0, 4), [])
})

/** A name of this many octets on the wire. */
function longName(octets: number): number[] {
  const bytes: number[] = []
  let left = octets - 1
  while (left > 0) {
    const label = Math.min(63, left - 1 === 64 ? 62 : left - 1)
    bytes.push(label, ...new Array<number>(label).fill(0x61))
    left -= label + 1
  }
  return [...bytes, 0]
}
