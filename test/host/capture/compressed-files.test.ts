import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import { collect } from '../../capture/source-conformance.ts'
import { pcapFile } from '../../support/pcap-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-compressed-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const LENGTHS = Array.from({ length: 4000 }, (_, i) => 60 + ((i * 37) % 3000))
const plain = pcapFile(LENGTHS)
const plainPackets = await collect(openCaptureFile(file('plain.pcap', plain)))

/** A zstd frame of blocks that are stored, not compressed (RFC 8878 section 3.1.1.2). */
function storedZstd(bytes: Uint8Array): Uint8Array {
  const BLOCK = 100_000
  // No checksum, no content size; a window of 1 MiB.
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50)]
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK)
    const last = at + BLOCK >= bytes.length ? 1 : 0
    const header = (block.length << 3) | last
    parts.push(Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16), block)
  }
  return Buffer.concat(parts)
}

/** `zstd -19` of a file with three packets of 60 bytes, with a checksum. */
const ZSTD_OF_THREE =
  '28b52ffd24fc15020042030b14d0670c8002f56eb7386d52424f09a13a053152a67767a6b96c41fec797c3f8e3bfe6fa37b3bb83' +
  'efa0a4020820c073074b110f605f8a47d4901fd95ec10552aae9b2'

test('what the zstd program compressed', async () => {
  const bytes = Buffer.from(ZSTD_OF_THREE, 'hex')
  const three = await collect(openCaptureFile(file('three.pcap', pcapFile([60, 60, 60]))))
  assert.deepEqual(await collect(openCaptureFile(file('three.zst', bytes))), three)
})

test('gzip: the same packets', async () => {
  assert.deepEqual(await collect(openCaptureFile(file('a.gz', gzipSync(plain)))), plainPackets)
})

test('gzip in several members', async () => {
  const members = [plain.subarray(0, 10), plain.subarray(10, 70_000), plain.subarray(70_000)]
  const bytes = Buffer.concat(members.map((member) => gzipSync(member)))
  assert.deepEqual(await collect(openCaptureFile(file('members.gz', bytes))), plainPackets)
})

test('zstd: the same packets, in one frame and in two behind a skippable one', async () => {
  assert.deepEqual(await collect(openCaptureFile(file('a.zst', storedZstd(plain)))), plainPackets)
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3)
  const frames = [storedZstd(plain.subarray(0, 300_000)), skippable, storedZstd(plain.subarray(300_000))]
  assert.deepEqual(await collect(openCaptureFile(file('frames.zst', Buffer.concat(frames)))), plainPackets)
})

for (const [format, bytes] of [
  ['gzip', gzipSync(plain)],
  ['zstd', storedZstd(plain)],
] as const)
  test(`${format} cut short: all that was in it, and where it ends`, async () => {
    for (const part of [0.3, 0.6, 0.9]) {
      const source = openCaptureFile(file(`cut.${format}`, bytes.subarray(0, bytes.length * part)))
      const packets = await collect(source)
      assert.deepEqual(packets, plainPackets.slice(0, packets.length))
      const whole = packets.reduce((sum, packet) => sum + 16 + packet.bytes.length / 2, 24)
      assert.deepEqual(source.truncated, { offset: whole, message: `the ${format} data is cut short` })
      assert.ok(packets.length > 100, `${packets.length} packets`)
    }
  })

test('gzip with a wrong checksum: at most its last 16 KiB are lost', async () => {
  const bytes = gzipSync(plain)
  bytes[bytes.length - 8]! ^= 1
  const source = openCaptureFile(file('checksum.gz', bytes))
  const packets = await collect(source)
  assert.deepEqual(packets, plainPackets.slice(0, packets.length))
  assert.equal(source.truncated?.message, 'the gzip data is damaged: incorrect data check')
  assert.ok(source.truncated.offset > plain.length - 16 * 1024 - 3100, `${source.truncated.offset}`)
})
