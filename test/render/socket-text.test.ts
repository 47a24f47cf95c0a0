import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointText, expiryText, extendedText, NUMERIC, processText } from '../../src/render/socket-text.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { SOCKETS } from '../support/socket-fixtures.ts'

// The notation of ss, minutes and seconds of every length.
for (const [ms, text] of [
  [0, ''],
  [15, '015ms'],
  [999, '999ms'],
  [1000, '1sec'],
  [2500, '2.500ms'],
  [9999, '9.999ms'],
  [10_500, '10sec'],
  [60_000, '1min'],
  [62_400, '1min2sec'],
  [599_999, '9min59sec'],
  [600_000, '10min'],
  [7_259_000, '120min'],
] as const)
  test(`${ms} ms are ${text || 'empty'}`, () => {
    assert.equal(expiryText(ms), text)
  })

const [wildcard] = SOCKETS as [SocketRecord]
for (const [name, changes, local, remote] of [
  ['IPv4', {}, '0.0.0.0:80', '0.0.0.0:*'],
  ['IPv6 only', { local: { addr: '::', port: 80 }, v6only: true }, '[::]:80', '0.0.0.0:*'],
  ['dual stack', { local: { addr: '::', port: 80 }, v6only: false }, '*:80', '0.0.0.0:*'],
  ['mapped', { local: { addr: '::ffff:10.0.0.1', port: 80 } }, '[::ffff:10.0.0.1]:80', '0.0.0.0:*'],
  ['bound device', { local: { addr: 'fe80::1', port: 80 }, iface: 'eth0' }, '[fe80::1]%eth0:80', '0.0.0.0:*'],
] as const)
  test(`ends: ${name}`, () => {
    const record: SocketRecord = { ...wildcard, ...changes }
    assert.equal(endpointText(record, 'local', NUMERIC), local)
    assert.equal(endpointText(record, 'remote', NUMERIC), remote)
  })

test('names replace numbers, made safe', () => {
  const names = { host: () => 'a\u001bb', port: () => 'http' }
  assert.equal(endpointText(wildcard, 'local', names), 'a\\eb:http')
})

test('a process with several descriptors is named once', () => {
  assert.equal(processText(wildcard.processes), 'nginx[77] fd 6, nginx[78] fd 6,9')
})

test('extended facts: unknown ones and uid 0 are left out', () => {
  assert.equal(extendedText(wildcard), 'ino:1001 sk:1')
  assert.equal(extendedText(SOCKETS[2]!), 'uid:33 ino:1003 sk:1003 fwmark:0x1f')
  assert.equal(extendedText({ ...SOCKETS[1]!, cookie: null }), 'ino:1002 v6only:0')
})
