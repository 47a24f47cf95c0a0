import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { fromHex } from '../wire/header-suite.ts'

test('sniff: what a file is, by its first bytes', () => {
  const cases: readonly (readonly [hex: string, format: ReturnType<typeof sniffCapture>])[] = [
    ['d4c3b2a1', 'pcap'],
    ['a1b2c3d4 0002', 'pcap'],
    ['4d3cb2a1', 'pcap'],
    ['a1b23c4d', 'pcap'],
    ['34cdb2a1', 'pcap'],
    ['a1b2cd34', 'pcap'],
    ['0a0d0d0a', 'pcapng'],
    ['1f8b', 'gzip'],
    ['28b52ffd', 'zstd'],
    ['', undefined],
    ['0a0d0d', undefined],
    ['7f454c46', undefined],
  ]
  for (const [hex, format] of cases) assert.equal(sniffCapture(fromHex(hex)), format, hex)
})

test('sniff: each format has its decoder', () => {
  assert.equal(openDecoder('pcap').format, 'pcap')
  assert.equal(openDecoder('pcapng').format, 'pcapng')
})
