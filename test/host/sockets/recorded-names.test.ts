import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PacketBatch } from '../../../src/capture/batch.ts'
import { namesAtEnd } from '../../../src/capture/pcapng-tail.ts'
import { PcapngWriter } from '../../../src/capture/pcapng-write.ts'
import { type CaptureFile, openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import { concat } from '../../capture/decoding.ts'
import { collect } from '../../capture/source-conformance.ts'
import { namesBlock } from '../../support/names-block.ts'
import { pcapFile } from '../../support/pcap-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-recorded-'))
after(() => rmSync(folder, { recursive: true }))

/** Packets that take several chunks, then counters and names. */
function capture(): Uint8Array {
  const writer = new PcapngWriter('test')
  const iface = writer.interface('eth0', 1, 0)
  const bytes = new Uint8Array(900)
  for (let time = 0; time < 10; time++)
    writer.packet({ iface, time, bytes, start: 0, captured: 900, original: 900 })
  const before = writer.take().slice()
  writer.statistics({ iface, time: 10, received: 10, droppedKernel: 3, droppedInterface: 0 })
  const names = namesBlock({ '10.0.0.1': 'end.example', '10.0.0.2': 'two.example' })
  return concat(before, namesBlock({ '10.0.0.1': 'between.example' }), names, writer.take())
}

function open(name: string, bytes: Uint8Array, names: boolean): CaptureFile {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return openCaptureFile(path, { names, chunkBytes: 1000 })
}

test('names behind the packets are known with the first one, when they are wanted', async () => {
  for (const wanted of [true, false]) {
    const file = open('capture.pcapng', capture(), wanted)
    await file.read(new PacketBatch())
    const early = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => file.nameOf(address))
    assert.deepEqual(
      early,
      wanted ? ['between.example', 'two.example', undefined] : new Array(3).fill(undefined),
    )
    await collect(file)
    assert.equal(file.nameOf('10.0.0.2'), 'two.example')
    assert.equal(file.counters().droppedKernel, 3)
    file.close()
  }
})

test('a file without names at its end, or of another kind, is read as ever', async () => {
  for (const [name, bytes] of [
    ['plain.pcap', pcapFile([60, 70])],
    ['cut.pcapng', capture().slice(0, -1)],
    ['short.pcapng', capture().slice(0, 40)],
  ] as const) {
    const file = open(name, bytes, true)
    assert.equal(file.nameOf('10.0.0.2'), undefined)
    await collect(file)
  }
})

test('the end is found in either byte order, behind whatever stands before it, cut anywhere', () => {
  for (const little of [true, false]) {
    const head = Uint8Array.from([
      10,
      13,
      13,
      10,
      0,
      0,
      0,
      28,
      ...(little ? [77, 60, 43, 26] : [26, 43, 60, 77]),
    ])
    const block = namesBlock({ '10.0.0.1': 'one' }, little)
    for (const before of [0, 1, 11, 12, 100]) {
      const tail = concat(new Uint8Array(before).fill(0xff), block, block)
      assert.deepEqual(
        namesAtEnd(head, tail).map(({ name }) => name),
        ['one'],
      )
    }
    assert.deepEqual(namesAtEnd(head.slice(0, 11), block), [])
    for (let from = 1; from < block.length; from++) assert.deepEqual(namesAtEnd(head, block.slice(from)), [])
    for (let at = 0; at < block.length; at++) {
      const broken = block.slice()
      broken[at]! ^= 0xff
      assert.ok(namesAtEnd(head, broken).length <= 1)
    }
  }
})
