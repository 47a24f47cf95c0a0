import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tcpOptionName } from '../../src/wire/tcp-option-name.ts'
import {
  HAS_ACC_ECN,
  HAS_AUTHENTICATION,
  HAS_EXPERIMENT,
  HAS_FAST_OPEN,
  HAS_MD5,
  HAS_MPTCP,
  HAS_MSS,
  HAS_SACK,
  HAS_SACK_PERMITTED,
  HAS_TIMESTAMPS,
  HAS_USER_TIMEOUT,
  HAS_WINDOW_SCALE,
  MPTCP_JOIN,
} from '../../src/wire/tcp-option-numbers.ts'
import { TcpOptions } from '../../src/wire/tcp-options.ts'
import { frameOf, fromHex, uint8, uint16, uint32 } from './header-suite.ts'

const options = new TcpOptions()

const parse = (hex: string): boolean => {
  const bytes = fromHex(hex)
  const frame = frameOf(bytes)
  return options.at(frame, frame.start, bytes.length)
}

const kinds = (): number[] => [...options.kinds.subarray(0, options.count)]

test('TCP options: deconstruct a SYN of Linux', () => {
  assert.ok(parse('020405b4 0402 080a 00000001 00000000 01 030307'))
  assert.equal(options.present, HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS | HAS_WINDOW_SCALE)
  assert.deepEqual(kinds(), [2, 4, 8, 1, 3])
  assert.equal(options.mss, 1460)
  assert.equal(options.windowScale, 7)
  assert.deepEqual([options.timestampValue, options.timestampEcho], [1, 0])
})

test('TCP options: timestamps alone, read the short way, give what the long way gives', () => {
  for (const hex of ['0101 080a 89abcdef fedcba98', '080a 89abcdef fedcba98 0101']) {
    parse('1e0c 10 01 00000000 00000000')
    assert.ok(parse(hex))
    assert.equal(options.mptcpSubtypes, 0, 'of the segment before')
    assert.equal(options.present, HAS_TIMESTAMPS)
    assert.deepEqual([options.timestampValue, options.timestampEcho], [0x89abcdef, 0xfedcba98])
    assert.equal(options.sackCount, 0)
    assert.deepEqual(kinds().sort(), [1, 1, 8])
  }
})

test('TCP options: every kind that is read', () => {
  const cases: readonly (readonly [hex: string, present: number])[] = [
    ['1c04 8005', HAS_USER_TIMEOUT],
    [`1312 ${'00'.repeat(16)}`, HAS_MD5],
    ['1d10 0102 000000000000000000000000', HAS_AUTHENTICATION],
    ['1e0c 10 01 00000000 00000000', HAS_MPTCP],
    ['2202', HAS_FAST_OPEN],
    ['220a 0102030405060708', HAS_FAST_OPEN],
    ['fe04 f989', HAS_FAST_OPEN | HAS_EXPERIMENT],
    ['fd08 e2d4c3d9 0000', HAS_EXPERIMENT],
    ['ac0b 000001000001000001', HAS_ACC_ECN],
    ['ae02', HAS_ACC_ECN],
    ['1b08 00 00 00000000', 0],
    ['0606 00000000', 0],
  ]
  for (const [hex, present] of cases) {
    assert.ok(parse(hex), hex)
    assert.equal(options.present, present, hex)
    assert.equal(options.count, 1, hex)
  }
  parse('1c04 8005')
  assert.equal(options.userTimeout, 0x8005)
  parse('1e0c 10 01 00000000 00000000')
  assert.equal(options.mptcpSubtype, MPTCP_JOIN)
  parse('220a 0102030405060708')
  assert.equal(options.fastOpenCookieLength, 8)
  parse('fe08 f989 01020304')
  assert.deepEqual([options.experiment, options.fastOpenCookieLength], [0xf989, 4])
})

test('TCP options: one to four SACK blocks', () => {
  for (let count = 1; count <= 4; count++) {
    const sack = Array.from({ length: count }, (_, i) => [0xfffffff0 + i, 0x10 + i] as const)
    const bytes = new Uint8Array(40)
    const length = TcpOptions.emit(new DataView(bytes.buffer), 0, { sack })
    const frame = frameOf(bytes)
    assert.ok(options.at(frame, frame.start, length))
    assert.equal(options.present, HAS_SACK)
    assert.equal(options.sackCount, count)
    assert.deepEqual(
      sack.map((_, i) => [options.sackLeft(i), options.sackRight(i)]),
      sack.map(([left, right]) => [left, right]),
    )
  }
})

test('TCP options: construct and round trip', () => {
  const fields = fc.record({
    mss: uint16(),
    windowScale: uint8(),
    sackPermitted: fc.constant(true),
    timestamps: fc.tuple(uint32(), uint32()),
    others: fc.constant([{ kind: 28, data: [0, 5] }]),
  })
  fc.assert(
    fc.property(fields, (given) => {
      const bytes = new Uint8Array(40)
      const length = TcpOptions.emit(new DataView(bytes.buffer), 0, given)
      assert.equal(length, 24)
      const frame = frameOf(bytes)
      assert.ok(options.at(frame, frame.start, length))
      assert.equal(options.mss, given.mss)
      assert.equal(options.windowScale, given.windowScale)
      assert.deepEqual([options.timestampValue, options.timestampEcho], given.timestamps)
      assert.equal(options.userTimeout, 5)
    }),
  )
})

test('TCP options: truncated, those before the cut are kept', () => {
  const bytes = fromHex('020405b4 0402 080a 00000001 00000000 01 030307')
  const complete = new Map([
    [4, HAS_MSS],
    [6, HAS_MSS | HAS_SACK_PERMITTED],
    [16, HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS],
  ])
  let kept = 0
  for (let length = 0; length < bytes.length; length++) {
    kept = complete.get(length) ?? kept
    const frame = frameOf(bytes)
    frame.move(frame.start, length, bytes.length)
    const whole = options.at(frame, frame.start, bytes.length)
    assert.equal(options.present, kept, `${length} bytes`)
    // No-operations and the cut between two options cannot be told from the end.
    assert.equal(whole, [0, 4, 6, 16, 17].includes(length), `${length} bytes`)
  }
})

test('TCP options: bad length', () => {
  for (const hex of ['0200', '0201 0000', '0205 05b4', '0101 02', '080a 0000', '03ff 07 01']) {
    assert.equal(parse(hex), false, hex)
    assert.equal(options.present, 0, hex)
  }
  // A size that no receiver accepts is listed, without a value.
  for (const hex of [
    '0203 05',
    '0304 0707',
    '0403 00',
    '0507 0000000000',
    '0806 00000000',
    '1e02',
    'fd03 00',
  ]) {
    assert.ok(parse(hex), hex)
    assert.equal(options.present, 0, hex)
    assert.equal(options.count, 1, hex)
  }
})

test('TCP options: nothing is read behind the end mark', () => {
  assert.ok(parse('00 020405b4 000000'))
  assert.deepEqual(kinds(), [0])
  assert.equal(options.present, 0)
})

test('TCP options: any 40 bytes are read without error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, captured) => {
      const frame = frameOf(bytes)
      frame.move(frame.start, Math.min(captured, bytes.length), bytes.length)
      options.at(frame, frame.start, bytes.length)
      assert.ok(options.count <= 40 && options.sackCount <= 4)
    }),
  )
})

test('TCP options: names', () => {
  assert.deepEqual([2, 8, 29, 34, 69, 174].map(tcpOptionName), [
    'mss',
    'TS',
    'tcp-ao',
    'tfo',
    'eno',
    'accecn1',
  ])
  assert.equal(tcpOptionName(200), 'opt-200')
})
