import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksum, finishChecksum, sumPseudoHeader, sumWords } from '../../src/wire/checksum.ts'
import { fromHex } from './header-suite.ts'

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer)

test('checksum: RFC 1071 section 3', () => {
  const bytes = fromHex('0001 f203 f4f5 f6f7')
  assert.equal(sumWords(viewOf(bytes), 0, 8), 0x2ddf0)
  assert.equal(checksum(viewOf(bytes), 0, 8), 0xffff - 0xddf2)
})

test('checksum: an IPv4 header with its own checksum gives 0', () => {
  const header = fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
  assert.equal(checksum(viewOf(header), 0, 20), 0)
  header[10] = header[11] = 0
  assert.equal(checksum(viewOf(header), 0, 20), 0xb861)
})

test('checksum: TCP over IPv4 and UDP over IPv6, with a pseudo header', () => {
  // SYN from 127.0.0.1:40000 to 127.0.0.1:80, sequence 1, window 65535.
  const segment = fromHex('9c40 0050 00000001 00000000 5002 ffff 154f 0000')
  const loopback = [0x7f000001, 0, 0, 0]
  const tcp = sumWords(viewOf(segment), 0, 20, sumPseudoHeader(loopback, loopback, 6, 20))
  assert.equal(finishChecksum(tcp), 0)
  // An odd number of bytes is padded with zero: "a" from ::1 port 1 to ::1 port 2.
  const datagram = fromHex('0001 0002 0009 9ed7 61')
  const udp = sumWords(viewOf(datagram), 0, 9, sumPseudoHeader([0, 0, 0, 1], [0, 0, 0, 1], 17, 9))
  assert.equal(finishChecksum(udp), 0)
})

test('checksum: any single flipped bit is found', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), fc.nat(), (bytes, position) => {
      bytes[0] = bytes[1] = 0
      const sum = checksum(viewOf(bytes), 0, bytes.length)
      viewOf(bytes).setUint16(0, sum)
      assert.equal(checksum(viewOf(bytes), 0, bytes.length), 0)
      const bit = position % (bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      assert.notEqual(checksum(viewOf(bytes), 0, bytes.length), 0)
    }),
  )
})
