import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { IpcompHeader } from '../../src/wire/ipcomp.ts'
import { KIND_FRAGMENT, KIND_OTHER_IP, KIND_TCP, KIND_UDP, PacketStack } from '../../src/wire/stack.ts'
import { frameOf, headerSuite, uint8, uint16 } from './header-suite.ts'
import * as make from './packets.ts'

const header = new IpcompHeader()

headerSuite({
  name: 'IPComp',
  bytes: '06 00 0002',
  fields: { nextHeader: 6, index: 2 },
  at: (frame, offset) => header.at(frame, offset),
  read: () => ({ nextHeader: header.nextHeader, index: header.index }),
  emit: IpcompHeader.emit,
  arbitrary: fc.record({ nextHeader: uint8(), index: uint16() }),
  bad: [],
})

const RAW = 101
const TEXT = new TextEncoder().encode('all work and no play '.repeat(40))

const stack = new PacketStack()
const walk = (bytes: Uint8Array, original = bytes.length): number => stack.walk(frameOf(bytes, original), RAW)
const payload = (): Uint8Array => {
  const { datagram, payloadOffset, payloadCaptured } = stack
  return datagram.bytes.slice(payloadOffset, payloadOffset + payloadCaptured)
}
const compress = (nextHeader: number, bytes: Uint8Array, index = 2): Uint8Array =>
  make.ipcomp(deflateRawSync(bytes), { nextHeader, index })
const inIpv4 = (bytes: Uint8Array, fields = {}): Uint8Array => make.ipv4(108, bytes, fields)
/** Told as the compressed packet that it is, with what there is of it. */
const refused = (bytes: Uint8Array, original?: number): void => {
  assert.equal(walk(bytes, original), KIND_OTHER_IP)
  assert.deepEqual([stack.protocol, stack.sourcePort, stack.payloadCaptured], [108, 0, bytes.length - 20])
}

test('IPComp: a segment behind IPv4 and IPv6, between the same ends', () => {
  for (const packet of [
    inIpv4(compress(6, make.tcp(TEXT, { mss: 1400 }))),
    make.ipv6(108, compress(6, make.tcp(TEXT, { mss: 1400 }))),
  ]) {
    assert.ok(packet.length < TEXT.length)
    assert.equal(walk(packet), KIND_TCP)
    assert.deepEqual(payload(), TEXT)
    const { protocol, tunnel, sourcePort, payloadLength, tcpOptions } = stack
    assert.deepEqual([protocol, tunnel, sourcePort, payloadLength], [6, 0, 40000, TEXT.length])
    assert.equal(tcpOptions.mss, 1400)
  }
})

test('IPComp: a whole packet inside, and extension headers, are walked on', () => {
  const inner = make.ipv4(6, make.tcp(TEXT), { source: 0x0a090909 })
  assert.equal(walk(inIpv4(compress(4, inner))), KIND_TCP)
  assert.deepEqual(payload(), TEXT)
  assert.equal(stack.source[0], 0x0a090909)
  const { tunnel } = stack
  // Short packets go uncompressed (RFC 3173 section 2.2), through the same tunnel.
  assert.equal(walk(make.ipv4(4, inner)), KIND_TCP)
  assert.equal(stack.tunnel, tunnel)
  assert.notEqual(tunnel, 0)
  assert.equal(
    walk(make.ipv6(108, compress(60, make.extension(60, make.udp(TEXT), { nextHeader: 17 })))),
    KIND_UDP,
  )
  assert.deepEqual(payload(), TEXT)
})

test('IPComp: in fragments, and fragments inside', () => {
  const noise = TEXT.map((_, i) => (i * i * 7) >> 3)
  const whole = compress(6, make.tcp(noise))
  const cut = 256
  const piece = (from: number, to: number): Uint8Array =>
    inIpv4(whole.subarray(from, to), { fragmentOffset: from, moreFragments: to < whole.length })
  assert.equal(walk(piece(0, cut)), KIND_FRAGMENT)
  assert.equal(walk(piece(cut, whole.length)), KIND_TCP)
  assert.deepEqual(payload(), noise)
  const segment = make.tcp(TEXT)
  const inner = (from: number, to: number): Uint8Array =>
    inIpv4(
      compress(
        4,
        make.ipv4(6, segment.subarray(from, to), {
          fragmentOffset: from,
          moreFragments: to < segment.length,
        }),
      ),
    )
  assert.equal(walk(inner(0, cut)), KIND_FRAGMENT)
  assert.equal(walk(inner(cut, segment.length)), KIND_TCP)
  assert.deepEqual(payload(), TEXT)
})

test('IPComp: an index that was negotiated may be DEFLATE, those of other algorithms are not', () => {
  const segment = make.tcp(TEXT)
  for (const index of [2, 256, 0xeed1, 0xffff])
    assert.equal(walk(inIpv4(compress(6, segment, index))), KIND_TCP)
  for (const index of [0, 1, 3, 4, 255]) refused(inIpv4(compress(6, segment, index)))
})

test('IPComp: what is cut or damaged stays as it is', () => {
  const packet = inIpv4(compress(6, make.tcp(TEXT)))
  for (let length = 20; length < packet.length; length++) refused(packet.subarray(0, length), packet.length)
  const damaged = packet.slice()
  damaged[24] = 0x07
  refused(damaged)
  assert.equal(walk(packet), KIND_TCP)
})

test('IPComp: nothing is inflated twice, whatever it inflates to', () => {
  const twice = compress(108, compress(6, make.tcp(TEXT)))
  assert.equal(walk(inIpv4(twice)), KIND_OTHER_IP)
  // In a tunnel inside of it neither.
  assert.equal(walk(inIpv4(compress(4, inIpv4(compress(6, make.tcp(TEXT)))))), KIND_OTHER_IP)
})

test('IPComp: at most an IP packet comes out of one', () => {
  const most = new Uint8Array(65_535)
  most.set(make.tcp(new Uint8Array(0)))
  const packet = inIpv4(compress(6, most))
  assert.ok(packet.length < 120)
  assert.equal(walk(packet), KIND_TCP)
  assert.equal(stack.payloadLength, 65_515)
  refused(inIpv4(compress(6, Uint8Array.of(...most, 0))))
})
