import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../../src/wire/ethernet.ts'
import { RawPacket } from '../../src/wire/raw.ts'
import { frameOf } from './header-suite.ts'

const packet = new RawPacket()

test('raw: the first four bits are the version of IP', () => {
  for (let first = 0; first < 256; first++) {
    const frame = frameOf(Uint8Array.of(first))
    assert.ok(packet.at(frame, frame.start))
    const version = first >> 4
    assert.equal(packet.version, version)
    assert.equal(packet.etherType, version === 4 ? ETHERTYPE_IPV4 : version === 6 ? ETHERTYPE_IPV6 : 0)
  }
})

test('raw: truncated', () => {
  const frame = frameOf(new Uint8Array(0), 20)
  assert.equal(packet.at(frame, frame.start), false)
})
