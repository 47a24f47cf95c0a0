import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { Frame } from '../../src/wire/frame.ts'
import { KIND_MALFORMED, KIND_TCP, KIND_UDP, PacketStack, REASONS } from '../../src/wire/stack.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { damage, mulberry32 } from '../support/damage.ts'

const SEED = 20_260_101
const MUTATIONS = process.env['SOCKTRACE_FULL'] === '1' ? 1_000_000 : 50_000
/** Packets of each file: the first ones, and some from all over it. */
const FIRST = 4
const SPREAD = 16
const MAX_LENGTH = 2000

interface Sample {
  readonly file: string
  readonly bytes: Uint8Array
  readonly original: number
  readonly linkType: number
}

function samples(folder: string): Sample[] {
  const found: Sample[] = []
  for (const file of captureFiles(folder)) {
    const stored = readFileSync(file)
    const bytes = new Uint8Array(sniffCapture(stored) === 'gzip' ? gunzipSync(stored) : stored)
    const format = sniffCapture(bytes)
    if (format !== 'pcap' && format !== 'pcapng') continue
    const decoder = openDecoder(format)
    const batch = new PacketBatch()
    const view = new DataView(bytes.buffer)
    batch.reset(bytes, view)
    decoder.decode(bytes, view, 0, bytes.length, batch)
    const step = Math.max(1, Math.floor(batch.count / SPREAD))
    for (let row = 0; row < batch.count; row += row < FIRST ? 1 : step) {
      const start = batch.start[row]!
      const captured = Math.min(batch.captured[row]!, MAX_LENGTH)
      const { linkType } = decoder.interfaces[batch.iface[row]!]!
      const original = batch.original[row]!
      found.push({ file, bytes: bytes.slice(start, start + captured), original, linkType })
    }
  }
  return found
}

/** Walks `bytes` in memory that ends where they do, so that reading on throws, and checks what is said of them. */
function walkChecked(
  stack: PacketStack,
  bytes: Uint8Array,
  original: number,
  linkType: number,
  time: number,
): void {
  const frame = new Frame()
  frame.rebind(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length))
  frame.move(0, bytes.length, original)
  const kind = stack.walk(frame, linkType, time)
  const { datagram, family, payloadLength, payloadCaptured, payloadOffset, tunnel, tcp, tcpOptions } = stack
  assert.equal(kind, stack.kind)
  assert.ok(kind >= KIND_TCP && kind <= KIND_MALFORMED, `kind ${kind}`)
  if (kind === KIND_MALFORMED) assert.ok(REASONS[stack.reason], `reason ${stack.reason}`)
  assert.ok(tunnel >= 0 && tunnel <= 0xffff, `tunnel ${tunnel}`)
  if (kind > KIND_UDP) return
  assert.ok(family === 4 || family === 6, `family ${family}`)
  assert.ok(
    payloadCaptured >= 0 && payloadCaptured <= payloadLength,
    `${payloadCaptured} of ${payloadLength}`,
  )
  if (payloadCaptured > 0) assert.ok(payloadOffset + payloadCaptured <= datagram.end)
  assert.ok(datagram.bytes !== bytes || payloadLength <= original, `payload of ${payloadLength}`)
  if (kind !== KIND_TCP) return
  assert.ok(tcp.headerLength >= 20 && tcp.headerLength <= 60, `header of ${tcp.headerLength}`)
  assert.ok(tcpOptions.count <= 40 && tcpOptions.sackCount <= 4)
  for (let block = 0; block < tcpOptions.sackCount; block++) tcpOptions.sackLeft(block)
}

corporaTest('packets cut at each length are walked without error', (folder) => {
  const stack = new PacketStack()
  let cuts = 0
  for (const { file, bytes, original, linkType } of samples(folder)) {
    if (bytes.length > 300) continue
    for (let length = 0; length <= bytes.length; length++, cuts++)
      try {
        walkChecked(stack, bytes.slice(0, length), original, linkType, cuts)
      } catch (error) {
        throw new Error(`${file}: ${length} of ${bytes.length} bytes: ${bytes}`, { cause: error })
      }
  }
  assert.ok(cuts > 500_000, `only ${cuts} cuts`)
})

corporaTest(`${MUTATIONS} damaged packets are walked without error (seed ${SEED})`, (folder) => {
  const stack = new PacketStack()
  const random = mulberry32(SEED)
  const all = samples(folder)
  const kinds = new Set<number>()
  for (let count = 0; count < MUTATIONS; count++) {
    const { file, bytes, original, linkType } = all[random(all.length)]!
    const damaged = damage(bytes, random)
    try {
      walkChecked(stack, damaged, Math.max(damaged.length, original), linkType, count * 1e6)
    } catch (error) {
      throw new Error(`${file}, mutation ${count}: ${damaged}`, { cause: error })
    }
    kinds.add(stack.kind)
  }
  assert.equal(kinds.size, KIND_MALFORMED, 'every kind of packet occurs')
})
