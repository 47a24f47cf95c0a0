import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker, type TrackerOptions } from '../../src/flow/tracker.ts'
import { Frame } from '../../src/wire/frame.ts'
import { PacketStack } from '../../src/wire/stack.ts'

export const FILE_OPTIONS: TrackerOptions = {
  protocols: 'tcp',
  linger: 60e9 as Nanos,
  maxFlows: 1_000_000,
  names: () => undefined,
  framed: true,
}

export interface Fed {
  readonly packets: number
  /** How many of them took the short cut. */
  readonly passed: number
  readonly flows: number
  readonly events: FlowEvent[]
  readonly records: FlowRecord[]
}

/** A packet right after the tracker had it; `events` are those that it made. Borrowed. */
export interface FedPacket {
  readonly tracker: FlowTracker
  readonly stack: PacketStack
  readonly row: number
  readonly number: number
  readonly time: number
  readonly events: readonly FlowEvent[]
}

/**
 * A capture file's bytes through decoder, stack and tracker; what is readable of a damaged file. With `shortCut` the
 * engine takes plain segments by itself, as where nobody asks for packets.
 */
export function feedFile(
  path: string,
  options: Partial<TrackerOptions> = {},
  each: (packet: FedPacket) => void = () => {},
  shortCut = false,
): Fed {
  const file = readFileSync(path)
  const bytes = new Uint8Array(sniffCapture(file) === 'gzip' ? gunzipSync(file) : file)
  const format = sniffCapture(bytes)
  if (format !== 'pcap' && format !== 'pcapng')
    return { packets: 0, passed: 0, flows: 0, events: [], records: [] }
  const events: FlowEvent[] = []
  const records: FlowRecord[] = []
  const tracker = new FlowTracker(
    { ...FILE_OPTIONS, ...options },
    { event: (event) => events.push(event), flow: (record) => records.push(record) },
  )
  const decoder = openDecoder(format)
  const batch = new PacketBatch()
  const view = new DataView(bytes.buffer)
  batch.reset(bytes, view)
  decoder.decode(bytes, view, 0, bytes.length, batch)
  const frame = new Frame()
  const stack = new PacketStack()
  frame.rebind(bytes, view)
  if (shortCut && batch.count > 0) tracker.load(batch, batch.count, decoder.interfaces)
  for (let i = 0; i < batch.count; i++) {
    if (shortCut) i = tracker.run(i, batch.count)
    if (i === batch.count) break
    frame.move(batch.start[i]!, batch.captured[i]!, batch.original[i]!)
    const { linkType } = decoder.interfaces[batch.iface[i]!]!
    stack.walk(frame, linkType, batch.time[i]!)
    const told = events.length
    const [time, number] = [batch.time[i]! as Nanos, batch.number[i]!]
    const row = tracker.packet(stack, time, batch.iface[i]!, number)
    each({ tracker, stack, row, number, time, events: events.slice(told) })
  }
  tracker.finish()
  records.sort((a, b) => a.id - b.id)
  return { packets: batch.count, passed: tracker.shortCuts, flows: tracker.flowCount, events, records }
}
