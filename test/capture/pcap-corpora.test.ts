import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import type { CaptureDamage } from '../../src/capture/decoder.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import type { CaptureInterface } from '../../src/capture/source.ts'
import { Frame } from '../../src/wire/frame.ts'
import { KIND_TCP, PacketStack } from '../../src/wire/stack.ts'
import { corporaTest } from '../support/corpora.ts'

/** One line of index.csv: what tshark says about the file. */
interface Indexed {
  readonly path: string
  readonly packets: number
  readonly tcpPackets: number
  readonly readable: boolean
  readonly linkType: string
  readonly features: string
}

interface ReadFile {
  readonly batch: PacketBatch
  readonly interfaces: readonly CaptureInterface[]
  readonly damage: CaptureDamage | undefined
}

/** Wireshark counts custom blocks as packets; we, like libpcap, only give them a number. */
const WITH_CUSTOM_BLOCKS = /test(017|018|102|202)\.pcapng$/

/** What holds TCP packets that are found only by reading further than the outermost IP header. */
const FURTHER_IN =
  /proto:(ah|ayiya|erspan|geneve|gre|gtp|l2tp|mpls|nflog|ppp|pppoes|vxlan|wlan_radio)=|icmp_err|ipfrag|snap_trunc|_ws\.malformed/
const LINKS_READ = /^(EN10MB|NULL|LOOP|RAW|IPV4|IPV6|LINUX_SLL|LINUX_SLL2)\(/
/** IP in IP, IP in UDP (AYIYA, sFlow) and provider backbone frames, which the index does not mark. */
const UNMARKED = /ip_encapsulation\/|\/pbb|tunnels\/|sflow_expanded|\/ah\/|showcase/

function readIndex(folder: string): Indexed[] {
  const lines = readFileSync(join(folder, 'index.csv'), 'utf8').trim().split('\n').slice(1)
  return lines.map((line) => {
    const [path, packets, linkType, , , , status, features] = line.split(',')
    return {
      path: path!,
      packets: Number(packets),
      tcpPackets: Number(/(?:^| )tcp_pkts=(\d+)/.exec(features!)?.[1] ?? 0),
      readable: status === '0',
      linkType: linkType!,
      features: features!,
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
  return { batch, interfaces: decoder.interfaces, damage: decoder.finish(file.length - used) }
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

corporaTest('captures: TCP packets as tshark counts them, where no tunnel hides them', (folder) => {
  const stack = new PacketStack()
  const frame = new Frame()
  let compared = 0
  for (const { path, tcpPackets, readable, linkType, features } of readIndex(folder)) {
    if (!readable || !LINKS_READ.test(linkType) || FURTHER_IN.test(features) || UNMARKED.test(path)) continue
    const { batch, interfaces } = readCapture(join(folder, path))
    frame.rebind(batch.bytes, batch.view)
    let found = 0
    for (let row = 0; row < batch.count; row++) {
      frame.move(batch.start[row]!, batch.captured[row]!, batch.original[row]!)
      if (stack.walk(frame, interfaces[batch.iface[row]!]!.linkType) === KIND_TCP) found++
    }
    assert.equal(found, tcpPackets, path)
    compared++
  }
  assert.ok(compared > 400, `only ${compared} files were compared`)
})

corporaTest('captures: packets cut at each length are walked without error', (folder) => {
  const stack = new PacketStack()
  const frame = new Frame()
  for (const { path } of readIndex(folder)) {
    const { batch, interfaces } = readCapture(join(folder, path))
    for (let row = 0; row < Math.min(batch.count, 3); row++) {
      const start = batch.start[row]!
      const captured = Math.min(batch.captured[row]!, 200)
      const { linkType } = interfaces[batch.iface[row]!]!
      for (let length = 0; length <= captured; length++) {
        // Memory that ends where the capture is cut: reading on throws.
        const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset + start, length)
        frame.rebind(batch.bytes.subarray(start, start + length), view)
        frame.move(0, length, batch.original[row]!)
        stack.walk(frame, linkType)
        assert.ok(stack.payloadCaptured <= length, path)
      }
    }
  }
})
