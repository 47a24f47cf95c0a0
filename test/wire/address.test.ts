import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatAddress, formatIpv4, isLinkLocal, isLoopback, parseAddress } from '../../src/wire/address.ts'
import { uint16, uint32 } from './header-suite.ts'

/** What may be written, and how RFC 5952 writes it. */
const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1::', '1::'],
  // Section 4.1: leading zeros; 4.2.2: one zero group is not shortened; 4.2.3: the longest run, the first of two.
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  // Section 4.3: lower case; section 5: mapped addresses end in dots.
  ['2001:DB8::ABCD', '2001:db8::abcd'],
  ['::ffff:c000:0201', '::ffff:192.0.2.1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['fe80:0:0:0:0:0:0:1', 'fe80::1'],
  ['0:0:0:0:0:0:1:0', '::1:0'],
]

test('address: canonical text of everything that may be written', () => {
  for (const [text, canonical] of CANONICAL) {
    const address = parseAddress(text)
    assert.ok(address !== undefined, text)
    assert.equal(formatAddress(address.family, address.words), canonical)
  }
})

test('address: what is no address', () => {
  const wrong = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '-1.2.3.4',
    '1..2.3',
    'a.b.c.d',
  ]
  wrong.push(
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::1',
  )
  wrong.push(
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%lo',
    '::1/128',
  )
  for (const text of wrong) assert.equal(parseAddress(text), undefined, text)
})

const words6 = fc
  .array(fc.oneof(fc.constant(0), uint16()), { minLength: 8, maxLength: 8 })
  .map((groups) => [0, 1, 2, 3].map((i) => groups[2 * i]! * 0x10000 + groups[2 * i + 1]!))

test('address: every address comes back from its text, which the platform accepts', () => {
  fc.assert(
    fc.property(uint32(), (word) => {
      assert.ok(isIPv4(formatIpv4(word)))
      assert.deepEqual(parseAddress(formatIpv4(word)), { family: 4, words: Uint32Array.of(word, 0, 0, 0) })
    }),
  )
  fc.assert(
    fc.property(words6, (words) => {
      const text = formatAddress(6, words)
      assert.ok(isIPv6(text))
      assert.deepEqual(parseAddress(text), { family: 6, words: Uint32Array.from(words) })
    }),
  )
})

test('address: the canonical text is the one that URLs have', () => {
  // The URL standard shortens as RFC 5952 does, but writes mapped addresses without dots.
  fc.assert(
    fc.property(words6, (words) => {
      fc.pre(words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff)
      assert.equal(`[${formatAddress(6, words)}]`, new URL(`http://[${formatAddress(6, words)}]`).hostname)
    }),
  )
})

test('address: which are of one host or of one link alone', () => {
  const loopback = ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1']
  const link = ['fe80::1', 'febf:1::2']
  const others = ['128.0.0.1', '12.7.0.1', '::', '::1:1', '::ffff:128.0.0.1', 'fec0::1', 'fe8::1', '10.0.0.1']
  for (const addr of [...loopback, ...link, ...others])
    assert.deepEqual(
      [isLoopback(addr), isLinkLocal(addr)],
      [loopback.includes(addr), link.includes(addr)],
      addr,
    )
})
