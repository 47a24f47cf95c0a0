import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeUtf8, encodeUtf8 } from '../../src/capture/utf8.ts'

test('UTF-8: as the platform encodes and decodes it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = encodeUtf8(text)
      assert.deepEqual(bytes, new TextEncoder().encode(text))
      assert.equal(decodeUtf8(bytes, 0, bytes.length), new TextDecoder().decode(bytes).split('\0')[0])
    }),
  )
})

test('UTF-8: a lone surrogate is replaced', () => {
  assert.deepEqual(encodeUtf8('\ud800'), Uint8Array.of(0xef, 0xbf, 0xbd))
})

test('UTF-8: what is not UTF-8 becomes one replacement a byte', () => {
  const cases: readonly (readonly [bytes: readonly number[], text: string])[] = [
    [[0x61, 0xff, 0x62], 'a\ufffdb'],
    [[0xc3], '\ufffd'],
    [[0xc0, 0xaf], '\ufffd\ufffd'],
    [[0xe0, 0x80, 0xaf], '\ufffd\ufffd\ufffd'],
    [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
  ]
  for (const [bytes, text] of cases) assert.equal(decodeUtf8(Uint8Array.from(bytes), 0, bytes.length), text)
})
