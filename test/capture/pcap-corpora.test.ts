import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import type { CaptureDamage } from '../../src/capture/decoder.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { formatAddress } from '../../src/wire/address.ts'
import { corporaTest } from '../support/corpora.ts'
import { decodeFile } from './decoding.ts'

/** One line of index.csv: what tshark says about the file. */
interface Indexed {
  readonly path: string
  readonly packets: number
  readonly readable: boolean
}

interface ReadFile {
  readonly batch: PacketBatch
  readonly damage: CaptureDamage | undefined
}

/** Wireshark counts custom blocks as packets; we, like libpcap, only give them a number. */
const WITH_CUSTOM_BLOCKS = /test(017|018|102|202)\.pcapng$/

function readIndex(folder: string): Indexed[] {
  const lines = readFileSync(join(folder, 'index.csv'), 'utf8').trim().split('\n').slice(1)
  return lines.map((line) => {
    const [path, packets, , , , , status] = line.split(',')
    return {
      path: path!,
      packets: Number(packets),
      readable: status === '0',
    }
  })
}

function readCapture(path: string): ReadFile {
  const stored = readFileSync(path)
  const file = sniffCapture(stored) === 'gzip' ? gunzipSync(stored) : stored
  const format = sniffCapture(file)
  assert.ok(format === 'pcap' || format === 'pcapng', `${path} is ${format}`)
  const decoder = openDecoder(format)
  const batch = new PacketBatch()
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  batch.reset(file, view)
  const used = decoder.decode(file, view, 0, file.length, batch)
  return { batch, damage: decoder.finish(file.length - used) }
}

corporaTest('captures: packets and damage as tshark sees them', (folder) => {
  let compared = 0
  for (const { path, packets, readable } of readIndex(folder)) {
    const { batch, damage } = readCapture(join(folder, path))
    // Files that tshark does not open at all, for their link type mostly.
    if (!readable && packets === 0) continue
    if (!WITH_CUSTOM_BLOCKS.test(path)) assert.equal(batch.count, packets, path)
    assert.equal(damage === undefined, readable, `${path}: ${damage?.message}`)
    compared++
  }
  assert.ok(compared > 1000, `only ${compared} files were compared`)
})

/** The names and comments that the generator of these files wrote, in either byte order. */
corporaTest('captures: names of addresses and comments of packets, in both byte orders', (folder) => {
  for (const order of ['le', 'be']) {
    const read = (name: string): ReturnType<typeof decodeFile> =>
      decodeFile(new Uint8Array(readFileSync(join(folder, 'google+gopacket/pcapgo/tests', order, name))))
    assert.deepEqual(
      read('test102.pcapng').decoder.names.map(({ family, words, name }) => [
        formatAddress(family, words),
        name,
      ]),
      [
        ['192.168.1.2', 'a'],
        ['192.168.1.8', 'example.com'],
        ['fc01:dead::beef', 'example.com'],
        ['10.1.2.3', 'example.org'],
        ['192.168.1.3', 'bar.example.com'],
        ['fc01:feed::beef', 'bar.example.net'],
        ['10.1.2.4', 'bar.example.org'],
      ],
    )
    const comments = read('test009.pcapng').packets.map((packet) => packet.comments)
    assert.deepEqual(comments, [['test009-1'], ['test009-2']])
  }
})
