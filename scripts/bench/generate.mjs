// Writes the capture that `make bench` reads: a mix of TCP connections as a busy host sees them, the same bytes on
// every run. `node scripts/bench/generate.mjs FILE [PACKETS]`
//
// Ethernet, 128 bytes of each packet kept (`tcpdump -s 128`), IPv4 and IPv6, timestamps option throughout.
// About a seventh of the flows fail: refused, unanswered, reset. A few in a thousand segments are sent again or
// come late. TCP checksums are arbitrary: the bytes they would cover are not all in the file.
import { closeSync, openSync, writeSync } from 'node:fs'

const SNAPLEN = 128
const MSS = 1448
const FIN = 1
const SYN = 2
const RST = 4
const PSH = 8
const ACK = 16
/** Connections under way at the same time. */
const ACTIVE = 1500
/** Hosts that connect, in many networks. */
const CLIENTS = 997
/** Mean distance between two packets, microseconds. */
const GAP_US = 30

/** mulberry32: small, seeded, good enough to mix packets. */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const next = random(20_26)
const below = (limit) => Math.floor(next() * limit)
const chance = (probability) => next() < probability

/** The segments of one connection in order: [fromClient, flags, payload length, sequence, acknowledgement]. */
function script() {
  const steps = []
  const sequence = [below(2 ** 32), below(2 ** 32)]
  const send = (client, flags, length) => {
    const side = client ? 0 : 1
    const answered = flags & ACK ? sequence[1 - side] : 0
    const step = [client, flags, length, sequence[side], answered]
    steps.push(step)
    if (length > 0 && chance(0.004)) steps.push(step)
    sequence[side] = (sequence[side] + length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0
  }
  const data = (client, bytes) => {
    for (let left = bytes, n = 1; left > 0; left -= MSS, n++) {
      send(client, left <= MSS ? PSH | ACK : ACK, Math.min(left, MSS))
      if (n % 2 === 0 || left <= MSS) send(!client, ACK, 0)
    }
  }

  const kind = next()
  if (kind < 0.05) {
    send(true, SYN, 0)
    send(false, RST | ACK, 0)
    return steps
  }
  if (kind < 0.1) {
    for (let n = 0; n < 5; n++) steps.push([true, SYN, 0, sequence[0], 0])
    return steps
  }
  send(true, SYN, 0)
  send(false, SYN | ACK, 0)
  send(true, ACK, 0)
  const exchanges = kind < 0.75 ? 1 : kind < 0.995 ? 2 + below(8) : 1
  for (let n = 0; n < exchanges; n++) {
    data(true, 80 + below(900))
    data(false, kind < 0.995 ? 200 + below(20_000) : 200_000 + below(4_000_000))
  }
  if (kind >= 0.7 && kind < 0.75) {
    send(false, RST | ACK, 0)
    return steps
  }
  const first = chance(0.5)
  send(first, FIN | ACK, 0)
  if (chance(0.5)) send(!first, ACK, 0)
  send(!first, FIN | ACK, 0)
  send(first, ACK, 0)
  // A segment that overtakes its predecessor.
  if (chance(0.1) && steps.length > 8) {
    const at = 4 + below(steps.length - 8)
    ;[steps[at], steps[at + 1]] = [steps[at + 1], steps[at]]
  }
  return steps
}

let flows = 0
function startFlow() {
  const number = flows++
  const client = number % CLIENTS
  const flow = { number, client, v6: client % 7 === 0, at: 0, steps: [] }
  // No client uses a port twice.
  flow.port = 32_768 + Math.floor(number / CLIENTS)
  flow.service = [443, 80, 22, 5432, 6379, 8080][below(6)]
  flow.server = below(64)
  flow.steps = script()
  return flow
}

const packet = Buffer.alloc(16 + 2048)
const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
for (let i = 0; i < packet.length; i++) packet[i] = below(256)

/** Writes the record of one segment into `packet`; returns its length, record header included. */
function encode(flow, [client, flags, length, sequence, acknowledgement], timeUs) {
  const options = flags & SYN ? 20 : flags & RST ? 0 : 12
  const ipLength = flow.v6 ? 40 : 20
  const original = 14 + ipLength + 20 + options + length
  const captured = Math.min(original, SNAPLEN)
  view.setUint32(0, 1_700_000_000 + Math.floor(timeUs / 1e6), true)
  view.setUint32(4, timeUs % 1e6, true)
  view.setUint32(8, captured, true)
  view.setUint32(12, original, true)

  let at = 16
  packet.fill(2, at, at + 12)
  packet[at + (client ? 11 : 5)] = flow.client & 0xff
  view.setUint16(at + 12, flow.v6 ? 0x86dd : 0x0800)
  at += 14
  const ends = [
    0x0a000000 + ((flow.client * 40_503) & 0xffff00) + (flow.client % 250),
    0xac100000 + flow.server,
  ]
  const [source, destination] = client ? ends : [ends[1], ends[0]]
  if (flow.v6) {
    view.setUint32(at, 0x60000000)
    view.setUint16(at + 4, 20 + options + length)
    view.setUint16(at + 6, 0x0640)
    for (const [offset, address] of [
      [8, source],
      [24, destination],
    ]) {
      packet.fill(0, at + offset, at + offset + 16)
      view.setUint32(at + offset, 0xfd000000)
      view.setUint32(at + offset + 12, address)
    }
  } else {
    view.setUint32(at, 0x45000000 + 40 + options + length)
    view.setUint32(at + 4, ((flow.number * 7 + flow.at) << 16) | 0x4000)
    view.setUint32(at + 8, 0x40060000)
    view.setUint32(at + 12, source)
    view.setUint32(at + 16, destination)
    let sum = 0
    for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i)
    sum = (sum & 0xffff) + (sum >>> 16)
    view.setUint16(at + 10, ~(sum + (sum >>> 16)) & 0xffff)
  }
  at += ipLength
  view.setUint16(at, client ? flow.port : flow.service)
  view.setUint16(at + 2, client ? flow.service : flow.port)
  view.setUint32(at + 4, sequence)
  view.setUint32(at + 8, acknowledgement)
  view.setUint16(at + 12, ((20 + options) << 10) | flags)
  view.setUint16(at + 14, flags & RST ? 0 : 501)
  view.setUint32(at + 16, sequence & 0xffff0000)
  at += 20
  if (flags & SYN) {
    view.setUint32(at, 0x020405b4)
    view.setUint32(at + 4, 0x0402080a)
    view.setUint32(at + 16, 0x01030307)
    at += 8
  } else if (options > 0) {
    view.setUint32(at, 0x0101080a)
    at += 4
  }
  if (options > 0) {
    view.setUint32(at, 1e6 + timeUs / 1000)
    view.setUint32(at + 4, flags === SYN ? 0 : 1e6 - 5 + timeUs / 1000)
  }
  return 16 + captured
}

/** Returns {packets, flows, bytes} of what it wrote. */
export function generate(path, packets) {
  const fd = openSync(path, 'w')
  const chunk = Buffer.alloc(4 << 20)
  const header = new DataView(chunk.buffer)
  header.setUint32(0, 0xa1b2c3d4, true)
  header.setUint32(4, 0x00040002, true)
  header.setUint32(16, SNAPLEN, true)
  header.setUint32(20, 1, true)
  let used = 24
  let bytes = 0
  let time = 0
  const active = Array.from({ length: ACTIVE }, startFlow)
  for (let n = 0; n < packets; n++) {
    const slot = below(ACTIVE)
    const flow = active[slot]
    time += 1 + below(2 * GAP_US)
    const length = encode(flow, flow.steps[flow.at++], time)
    if (flow.at === flow.steps.length) active[slot] = startFlow()
    if (used + length > chunk.length) {
      bytes += writeSync(fd, chunk, 0, used)
      used = 0
    }
    packet.copy(chunk, used, 0, length)
    used += length
  }
  bytes += writeSync(fd, chunk, 0, used)
  closeSync(fd)
  return { packets, flows, bytes }
}
