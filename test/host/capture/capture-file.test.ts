import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { END } from '../../../src/capture/source.ts'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import { FileFilter } from '../../../src/host/capture/file-filter.ts'
import { EXIT, UserError } from '../../../src/user-error.ts'
import { assertEnded, collect } from '../../capture/source-conformance.ts'
import { HEADER_BYTES, pcapFile, RECORD_HEADER_BYTES } from '../../support/pcap-file.ts'
import { runCommand } from '../../support/program.ts'
import { isRoot } from '../../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-file-'))
after(() => rmSync(folder, { recursive: true }))

/** The link type whose packets may be the largest (LINKTYPE_USBPCAP). */
const LINK_USB = 249

const pcap = (...lengths: number[]): Uint8Array<ArrayBuffer> => pcapFile(lengths)
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const LENGTHS = Array.from({ length: 5000 }, (_, i) => 60 + ((i * 37) % 3000))

test('a file larger than a chunk: every packet, whole, in order', async () => {
  const path = file('large.pcap', pcap(...LENGTHS))
  const source = openCaptureFile(path)
  const packets = await collect(source)
  assert.deepEqual(
    packets.map(({ bytes }) => bytes.length / 2),
    LENGTHS,
  )
  for (const [i, { network, time }] of packets.entries()) {
    assert.equal(Number.parseInt(network.slice(8, 12), 16), i)
    assert.equal(time, (1_700_000_000n + BigInt(i)) * 1_000_000_000n + BigInt(i) * 1000n)
  }
  assert.deepEqual(source.counters(), {
    received: LENGTHS.length,
    droppedKernel: undefined,
    droppedInterface: undefined,
  })
  await assertEnded(source)
})

test('a packet larger than a chunk', async () => {
  const lengths = [100, 9_000_000, 200]
  const bytes = pcap(...lengths)
  new DataView(bytes.buffer).setUint32(20, LINK_USB, true)
  const source = openCaptureFile(file('giant.pcap', bytes))
  const batch = new PacketBatch()
  const seen: number[] = []
  for (let count = await source.read(batch); count !== END; count = await source.read(batch))
    seen.push(...batch.captured.subarray(0, count))
  assert.deepEqual(seen, lengths)
})

test('a header and no packet is a capture', async () => {
  const source = openCaptureFile(file('none.pcap', pcap()))
  assert.deepEqual(await collect(source), [])
  assert.equal(source.truncated, undefined)
})

test('a cut file gives what is whole, and says where it ends', async () => {
  const whole = pcap(...LENGTHS.slice(0, 10))
  const lastStart = whole.length - LENGTHS[9]! - RECORD_HEADER_BYTES
  for (const length of [whole.length - 1, lastStart + RECORD_HEADER_BYTES, lastStart + 1]) {
    const source = openCaptureFile(file('cut.pcap', whole.subarray(0, length)))
    assert.equal((await collect(source)).length, 9)
    assert.equal(source.truncated?.offset, lastStart)
    await assertEnded(source)
  }
})

test('a filter passes its packets only; they keep their numbers', async () => {
  const path = file('filter.pcap', pcap(...LENGTHS.slice(0, 100)))
  const source = openCaptureFile(path, { filter: new FileFilter('ip[4:2] % 10 = 3') })
  const batch = new PacketBatch()
  assert.equal(await source.read(batch), 10)
  assert.deepEqual(Array.from(batch.number.subarray(0, 3)), [4, 14, 24])
  assert.equal(await source.read(batch), END)
  assert.equal(source.counters().received, 10)
})

test('close in the middle ends it', async () => {
  const source = openCaptureFile(file('close.pcap', pcap(...LENGTHS)))
  await source.read(new PacketBatch())
  await assertEnded(source)
})

const gzip = gzipSync(pcap(60))
const zstd = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0])
mkdirSync(join(folder, 'directory'))
const refused: readonly (readonly [path: string, message: string, filter?: string])[] = [
  ['missing.pcap', 'Cannot open "FOLDER/missing.pcap": no such file'],
  ['directory', 'Cannot read "FOLDER/directory": it is a directory'],
  [file('empty.pcap', ''), 'Cannot read "FOLDER/empty.pcap": it is empty'],
  [file('one.pcap', 'x'), 'Cannot read "FOLDER/one.pcap": it is not a capture file'],
  [
    file('text.pcap', 'hello, world, this is text\n'),
    'Cannot read "FOLDER/text.pcap": it is not a capture file',
  ],
  [file('twice.gz', gzipSync(gzip)), 'Cannot read "FOLDER/twice.gz": it is compressed twice'],
  [file('nothing.gz', gzipSync('')), 'Cannot read "FOLDER/nothing.gz": it is empty'],
  [file('text.gz', gzipSync('hello, world')), 'Cannot read "FOLDER/text.gz": it is not a capture file'],
  [file('cut.gz', gzip.subarray(0, 5)), 'Cannot read "FOLDER/cut.gz": the gzip data is cut short'],
  [file('cut.zst', zstd), 'Cannot read "FOLDER/cut.zst": the zstd data is cut short'],
  [
    file('cut-header.pcap', pcap(60).subarray(0, 10)),
    'Cannot read "FOLDER/cut-header.pcap": file header is cut short: 10 of 24 bytes',
  ],
]
for (const [name, message] of refused)
  test(`refused: ${message}`, async () => {
    const path = name.startsWith(folder) ? name : join(folder, name)
    await assert.rejects(
      async () => collect(openCaptureFile(path)),
      (error: unknown) => {
        assert.ok(error instanceof UserError)
        assert.equal(error.message, message.replace('FOLDER', folder))
        assert.equal(error.exitCode, EXIT.input)
        assert.notEqual(error.hint, undefined)
        return true
      },
    )
  })

test('refused: a file that may not be read', { skip: isRoot && 'root may read everything' }, () => {
  const path = file('secret.pcap', pcap(60))
  chmodSync(path, 0)
  assert.throws(() => openCaptureFile(path), {
    message: `Cannot open ${JSON.stringify(path)}: no permission`,
  })
})

test('a wrong filter is found with the first bytes', async () => {
  const source = openCaptureFile(file('wrong.pcap', pcap(60)), { filter: new FileFilter('tcp pporrt') })
  await assert.rejects(collect(source), { exitCode: EXIT.usage })
})

/** Counts what arrives on its standard input, and says so packet by packet. */
const READER = `
  const { openCaptureFile } = await import(${JSON.stringify(new URL('../../../src/host/capture/capture-file.ts', import.meta.url).href)})
  const { PacketBatch } = await import(${JSON.stringify(new URL('../../../src/capture/batch.ts', import.meta.url).href)})
  const source = openCaptureFile('-')
  const batch = new PacketBatch()
  try {
    for (let n; (n = await source.read(batch)) !== -1; ) console.log(n)
    console.log('end', source.truncated?.offset)
  } catch (error) { console.log(error.message) }`
const readerCommand = ['--import', 'tsx', '--input-type=module', '-e', READER] as const

test('a pipe is read as its writer goes on', async () => {
  const reader = spawn(process.execPath, readerCommand, { stdio: ['pipe', 'pipe', 'inherit'] })
  reader.stdout.setEncoding('utf8')
  const said = async (): Promise<string> => String((await once(reader.stdout, 'data'))[0]).trim()
  const bytes = pcap(60, 70, 80)
  const second = HEADER_BYTES + RECORD_HEADER_BYTES + 60
  reader.stdin.write(bytes.subarray(0, 2))
  reader.stdin.write(bytes.subarray(2, second + 5))
  assert.equal(await said(), '1')
  reader.stdin.write(bytes.subarray(second + 5, bytes.length - 1))
  assert.equal(await said(), '1')
  reader.stdin.end()
  assert.equal(await said(), `end ${bytes.length - RECORD_HEADER_BYTES - 80}`)
})

test('standard input from a file, from nothing', () => {
  const path = file('stdin.pcap', pcap(60, 70))
  const shell = (redirection: string): string => {
    const words = [process.execPath, ...readerCommand].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    return runCommand(['sh', '-c', `${words.join(' ')} ${redirection}`]).stdout
  }
  assert.equal(shell(`< ${path}`), '2\nend undefined\n')
  assert.equal(shell('< /dev/null'), 'Cannot read standard input: it is empty\n')
})

test('a growing file: read as it grows, a wait can be ended', async () => {
  const bytes = pcap(60, 70, 80)
  const second = HEADER_BYTES + RECORD_HEADER_BYTES + 60
  const path = file('growing.pcap', '')
  let waited = (): void => {}
  const source = openCaptureFile(path, { follow: true, waiting: () => waited() })
  const batch = new PacketBatch()
  /** Writes a part each time the source waits. */
  const grow = (...parts: Uint8Array[]): void => {
    waited = () => {
      const part = parts.shift()
      if (part !== undefined) appendFileSync(path, part)
    }
  }
  grow(bytes.subarray(0, 10), bytes.subarray(10, second + 5))
  assert.equal(await source.read(batch), 1)
  grow(bytes.subarray(second + 5))
  assert.equal(await source.read(batch), 2)
  waited = () => source.wake()
  assert.equal(await source.read(batch), 0)
  source.wake()
  assert.equal(await source.read(batch), 0)
  assert.equal(source.truncated, undefined)
  waited = () => source.close()
  assert.equal(await source.read(batch), END)
})

test('a file that becomes shorter while it is followed', async () => {
  const path = file('shrinking.pcap', pcap(60, 70))
  const source = openCaptureFile(path, { follow: true, waiting: () => truncateSync(path, 30) })
  const batch = new PacketBatch()
  assert.equal(await source.read(batch), 2)
  await assert.rejects(source.read(batch), /it became shorter/)
})
