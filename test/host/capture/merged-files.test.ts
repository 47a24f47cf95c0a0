import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { END } from '../../../src/capture/source.ts'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import { FileFilter } from '../../../src/host/capture/file-filter.ts'
import { MergedFiles } from '../../../src/host/capture/merged-files.ts'
import { EXIT } from '../../../src/user-error.ts'
import { assertEnded, collect, type SeenPacket } from '../../capture/source-conformance.ts'
import { type PcapOptions, pcapFile } from '../../support/pcap-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-merge-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, lengths: readonly number[], options: PcapOptions = {}): string {
  const path = join(folder, name)
  writeFileSync(path, pcapFile(lengths, options))
  return path
}

function merged(paths: readonly string[], filter?: string, chunkBytes = 70_000): MergedFiles {
  return new MergedFiles(
    paths.map((path) => openCaptureFile(path, { chunkBytes })),
    filter === undefined ? undefined : new FileFilter(filter),
  )
}

/** The IPv4 identification that `pcapFile` numbers its packets with. */
function id({ network }: SeenPacket): number {
  return Number.parseInt(network.slice(8, 12), 16)
}

const many = (count: number): number[] => Array.from({ length: count }, (_, i) => 60 + ((i * 37) % 3000))

test('in the order of time, each packet whole, the interfaces of each file its own', async () => {
  const paths = [
    file('even.pcap', many(3000), { start: 1000, step: 2 }),
    file('odd.pcap', many(3000), { start: 1001, step: 2, first: 10_000 }),
    file('cooked.pcap', [60], { start: 9000, linkType: 113, first: 20_000 }),
  ]
  const source = merged(paths)
  const packets = await collect(source)
  assert.deepEqual(
    packets.map(({ time }) => time),
    packets.map(({ time }) => time).sort((a, b) => (a < b ? -1 : 1)),
  )
  const parts = await Promise.all(paths.map((path) => collect(openCaptureFile(path))))
  assert.deepEqual(
    packets.filter((packet) => packet.linkType === 1).sort((a, b) => id(a) - id(b)),
    [...parts[0]!, ...parts[1]!],
  )
  assert.deepEqual(packets.at(-1), parts[2]![0])
  assert.deepEqual(
    source.interfaces.map(({ linkType }) => linkType),
    [1, 1, 113],
  )
  assert.equal(source.originSeconds, 1000)
  assert.equal(source.counters().received, 6001)
  await assertEnded(source)
})

test('any files: nothing is lost, each file keeps its order, the earliest of the next is next', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ count: fc.nat(30), start: fc.nat(20), step: fc.integer({ min: 0, max: 3 }) }), {
        minLength: 2,
        maxLength: 5,
      }),
      async (files) => {
        const paths = files.map(({ count, start, step }, i) =>
          file(`any-${i}.pcap`, many(count), { start: 100 + start, step, first: i * 1000 }),
        )
        const expected = files
          .flatMap(({ count, start, step }, i) =>
            Array.from({ length: count }, (_, n) => ({
              id: i * 1000 + n,
              time: (start + n * step) * 1e6 + n,
            })),
          )
          .sort((a, b) => a.time - b.time)
          .map((packet) => packet.id)
        assert.deepEqual((await collect(merged(paths))).map(id), expected)
      },
    ),
    { numRuns: 50 },
  ))

test('numbers count what came before, whatever the filter leaves', async () => {
  const paths = [
    file('f1.pcap', many(10), { step: 2 }),
    file('f2.pcap', many(10), { start: 1_700_000_001, step: 2, first: 100 }),
  ]
  const source = merged(paths, 'ip[4:2] >= 100')
  const batch = new PacketBatch()
  assert.equal(await source.read(batch), 10)
  assert.deepEqual(
    Array.from(batch.number.subarray(0, 10)),
    Array.from({ length: 10 }, (_, i) => 2 * i + 2),
  )
  assert.equal(await source.read(batch), END)
})

test('one damaged file: its end is known, the others are read to theirs', async () => {
  const whole = file('whole.pcap', many(10))
  const cut = join(folder, 'cut.pcap')
  writeFileSync(cut, pcapFile(many(10)).subarray(0, -1))
  const files = [whole, cut].map((path) => openCaptureFile(path))
  assert.equal((await collect(new MergedFiles(files, undefined))).length, 19)
  assert.deepEqual(
    files.map(({ truncated }) => truncated !== undefined),
    [false, true],
  )
})

test('one that is no capture ends it', async () => {
  const text = join(folder, 'text')
  writeFileSync(text, 'hello, world')
  await assert.rejects(collect(merged([file('good.pcap', [60]), text])), { exitCode: EXIT.input })
})

test('files without packets', async () => {
  assert.deepEqual(await collect(merged([file('none1.pcap', []), file('none2.pcap', [])])), [])
})
