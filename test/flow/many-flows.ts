/**
 * Run by memory.test.ts: opens many connections at once, then, with another tracker, lets a flood of SYNs from as many
 * addresses meet a few open ones; prints what the process needed at most and what was kept.
 */
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker, type TrackerOptions } from '../../src/flow/tracker.ts'
import { Frame } from '../../src/wire/frame.ts'
import { PacketStack } from '../../src/wire/stack.ts'
import { ACK, SYN } from '../../src/wire/tcp-bits.ts'
import { FILE_OPTIONS } from '../support/feed.ts'
import { PacketWriter } from '../support/packet-writer.ts'

const LINK_RAW = 101
/** Offsets in an IPv4 packet without options. */
const SOURCE = 12
const DESTINATION = 16
const SERVER = 0x0a000001

const [flows, flood, maxFlows] = process.argv.slice(2).map(Number) as [number, number, number]
const client = { addr: '10.0.0.2', port: 4000 }
const server = { addr: '10.0.0.1', port: 80 }
const stack = new PacketStack()
const frame = new Frame()
let time = 1

function template(from: typeof client, to: typeof client, seq: number, ack: number, flags: number) {
  const writer = new PacketWriter()
  const { payloadOffset } = writer.tcp(from, to, { seq, ack, flags })
  return { bytes: writer.bytes, view: new DataView(writer.bytes.buffer), length: payloadOffset }
}

const syn = template(client, server, 100, 0, SYN)
const synAck = template(server, client, 500, 101, SYN | ACK)
const ack = template(client, server, 101, 501, ACK)

function send(tracker: FlowTracker, packet: typeof syn, address: number): void {
  packet.view.setUint32(packet === synAck ? DESTINATION : SOURCE, address)
  packet.view.setUint32(packet === synAck ? SOURCE : DESTINATION, SERVER)
  frame.rebind(packet.bytes, packet.view)
  frame.move(0, packet.length, packet.length)
  stack.walk(frame, LINK_RAW)
  time += 100
  tracker.packet(stack, time as Nanos, 0, 1)
}

/** Opens a connection from each of `count` addresses. */
function open(tracker: FlowTracker, count: number): void {
  for (let n = 0; n < count; n++)
    for (const packet of [syn, synAck, ack]) send(tracker, packet, 0x14000000 + n)
}

function run(options: Partial<TrackerOptions>, act: (tracker: FlowTracker) => void): Map<string, number> {
  const outcomes = new Map<string, number>()
  const flow = ({ outcome }: { outcome: string }): void => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const tracker = new FlowTracker({ ...FILE_OPTIONS, ...options }, { flow })
  act(tracker)
  held = process.resourceUsage().maxRSS * 1024
  evicted = tracker.evicted
  if (options.maxFlows !== undefined) tracker.finish()
  return outcomes
}

let held = 0
let evicted = 0
run({}, (tracker) => open(tracker, flows))
const bytes = held
const outcomes = run({ maxFlows }, (tracker) => {
  open(tracker, 1000)
  for (let n = 0; n < flood; n++) send(tracker, syn, 0x40000000 + n)
  for (let n = 0; n < 1000; n++) send(tracker, ack, 0x14000000 + n)
})
console.log(JSON.stringify({ bytes, evicted, established: outcomes.get('established'), grown: held - bytes }))
