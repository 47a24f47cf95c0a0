/**
 * Run by heap.test.ts with --expose-gc: 1 M packets of 1 000 open connections through decoder and tracker; prints
 * what the heap grew by and how many major collections there were.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { Frame } from '../../src/wire/frame.ts'
import { PacketStack } from '../../src/wire/stack.ts'
import { ACK, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter } from '../support/packet-writer.ts'

const FLOWS = 1000
const PACKETS = 1_000_000
const PAYLOAD = 1000
const LINK_RAW = 101
/** Offsets in an IPv4 packet without options. */
const SOURCE_PORT = 20
const DESTINATION_PORT = 22
const SEQUENCE = 24
const ACKNOWLEDGEMENT = 28

const client = { addr: '10.0.0.1', port: 1 }
const server = { addr: '10.0.0.2', port: 443 }
const options = { timestamps: [1, 0] as const }
const tracker = new FlowTracker(FILE_OPTIONS, {})
const stack = new PacketStack()
const frame = new Frame()
let time = 1

function template(from: typeof client, to: typeof client, flags: number, len: number) {
  const writer = new PacketWriter()
  const { payloadOffset } = writer.tcp(from, to, { seq: 0, flags, len, options })
  return { bytes: writer.bytes, view: new DataView(writer.bytes.buffer), headers: payloadOffset, len }
}

const syn = template(client, server, SYN, 0)
const synAck = template(server, client, SYN | ACK, 0)
const data = template(server, client, ACK, PAYLOAD)
const ack = template(client, server, ACK, 0)

function send(packet: typeof data, flow: number, seq: number, acked: number): void {
  packet.view.setUint16(packet === syn || packet === ack ? SOURCE_PORT : DESTINATION_PORT, 1024 + flow)
  packet.view.setUint32(SEQUENCE, seq)
  packet.view.setUint32(ACKNOWLEDGEMENT, acked)
  frame.rebind(packet.bytes, packet.view)
  frame.move(0, packet.headers, packet.headers + packet.len)
  stack.walk(frame, LINK_RAW)
  time += 1000
  tracker.packet(stack, time as Nanos, 0, 1)
}

/** Each round sends one segment and its ACK on every connection; the numbers pass 2^31. */
function rounds(from: number, to: number): void {
  for (let round = from; round < to; round++) {
    for (let flow = 0; flow < FLOWS; flow++) {
      const seq = (2 ** 31 - 100_000 + round * PAYLOAD) >>> 0
      send(data, flow, seq, 101)
      send(ack, flow, 101, (seq + PAYLOAD) >>> 0)
    }
  }
}

for (let flow = 0; flow < FLOWS; flow++) {
  const iss = 2 ** 31 - 100_001
  send(syn, flow, 100, 0)
  send(synAck, flow, iss, 101)
  send(ack, flow, 101, iss + 1)
}
rounds(0, 100)
let major = 0
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { detail: { kind: number } }).detail
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) major++
  }
})
const collect = globalThis.gc
if (collect === undefined) throw new Error('needs --expose-gc')
collect()
await setImmediate()
observer.observe({ entryTypes: ['gc'] })
const before = process.memoryUsage().heapUsed
rounds(100, 100 + PACKETS / FLOWS / 2)
await setImmediate()
observer.disconnect()
const collections = major
collect()
const grown = process.memoryUsage().heapUsed - before
console.log(JSON.stringify({ flows: tracker.flowCount, grown, collections }))
