import { readFileSync } from 'node:fs'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import type { PacketStack } from '../../src/wire/stack.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../src/wire/tcp-bits.ts'
import { KIND_FAST_OPEN, KIND_MPTCP } from '../../src/wire/tcp-option-numbers.ts'
import { FILE_OPTIONS } from './feed.ts'
import { PacketWriter, type Peer, type SegmentFields } from './packet-writer.ts'

/**
 * A scenario: a Markdown file with a block of segments and a block of what they mean.
 *
 * ```segments
 * 0.000 C > S [S] seq=100 win=64240 <mss 1460,ws 7,sack,ts>
 * 0.010 R > C icmp 3/1 quotes 1
 * ```
 * Each line is seconds, who sends to whom, flags as tcpdump prints them, then `seq`, `ack`, `win`, `len` and options
 * as needed; an ICMP line quotes the segment of that number. Blank lines and lines from `#` on are left out.
 * The `events` block has one line an event (`NUMBER EVENT [FROM FLAGS] SENTENCE (STATE CHANGE)`) and one a flow.
 */
export interface Scenario {
  readonly segments: string
  readonly events: string
}

export interface Cast {
  readonly C: Peer
  readonly S: Peer
  readonly R: Peer
}

const OPTIONS: Record<string, (value: string) => object> = {
  mss: (value) => ({ mss: Number(value) }),
  ws: (value) => ({ windowScale: Number(value) }),
  sack: () => ({ sackPermitted: true }),
  ts: () => ({ timestamps: [1, 0] }),
  tfo: (value) => ({
    others: [{ kind: KIND_FAST_OPEN, data: new Array(Number(value || 0)).fill(7) }],
  }),
  mptcp: () => ({ others: [{ kind: KIND_MPTCP, data: [0x01, 0x81] }] }),
}

const FLAGS: Record<string, number> = {
  F: FIN,
  S: SYN,
  R: RST,
  P: PSH,
  '.': ACK,
  U: URG,
  E: ECE,
  W: CWR,
}

export function readScenario(path: string): Scenario {
  const text = readFileSync(path, 'utf8')
  const block = (name: string) =>
    text.match(new RegExp(`^\`\`\`${name}\\n([\\s\\S]*?)^\`\`\``, 'm'))?.[1] ?? ''
  return { segments: block('segments'), events: block('events') }
}

/** Plays the segments between the given endpoints; returns what happened in the notation of the events block. */
export function play(scenario: Scenario, cast: Cast): string {
  const lines: string[] = []
  const tracker = new FlowTracker(FILE_OPTIONS, {
    event: (event) => lines.push(eventLine(event, cast)),
    flow: (record) => lines.push(recordLine(record, cast)),
  })
  let packet = 0
  for (const { at, stack } of packetsOf(scenario.segments, cast, new PacketWriter()))
    tracker.packet(stack, at, 0, ++packet)
  tracker.finish()
  return lines.map((line) => `${line}\n`).join('')
}

/** Each packet of a segments block, written by `writer`: its bytes and the stack are borrowed until the next. */
export function* packetsOf(
  segments: string,
  cast: Cast,
  writer: PacketWriter,
): Generator<{ readonly at: Nanos; readonly stack: PacketStack }> {
  const sent: { from: Peer; to: Peer; fields: SegmentFields }[] = []
  for (const line of segments.split('\n').map((l) => l.replace(/#.*/, '').trim())) {
    if (line === '') continue
    const [, time, from, to, rest] = line.match(/^([\d.]+) ([CSR]) > ([CSR]) (.*)$/)!
    const at = Math.round(Number(time) * 1e9) as Nanos
    const source = cast[from as keyof Cast]
    const target = cast[to as keyof Cast]
    const icmp = rest!.match(/^icmp (\d+)\/(\d+) quotes (\d+)$/)
    if (icmp) {
      const quoted = sent[Number(icmp[3]) - 1]!
      const { from: origin, to: destination, fields } = quoted
      sent.push(quoted)
      const [type, code] = [Number(icmp[1]), Number(icmp[2])]
      yield { at, stack: writer.icmpError(source.addr, type, code, origin, destination, fields) }
      continue
    }
    const fields = parseSegment(rest!)
    sent.push({ from: source, to: target, fields })
    yield { at, stack: writer.tcp(source, target, fields) }
  }
}

function parseSegment(text: string): SegmentFields {
  const flags = [...text.match(/^\[([^\]]*)\]/)![1]!].reduce((bits, letter) => bits | FLAGS[letter]!, 0)
  const numbers = Object.fromEntries(
    [...text.matchAll(/(seq|ack|win|len)=(\d+)/g)].map((m) => [m[1], Number(m[2])]),
  )
  const options = text.match(/<([^>]*)>/)?.[1]?.split(',') ?? []
  const fields = options.map((option) => {
    const [name, value] = option.trim().split(' ')
    return OPTIONS[name!]!(value ?? '')
  })
  return { seq: 0, ...numbers, flags, options: Object.assign({}, ...fields) }
}

function eventLine(event: FlowEvent, cast: Cast): string {
  const step = 'step' in event ? ` ${'combined' in event ? '2+' : ''}${event.step}/${event.of}` : ''
  const flags = 'flags' in event ? ` [${event.flags}]` : ''
  const moved =
    'transition' in event && event.transition !== undefined
      ? ` (${event.transition.endpoint} ${event.transition.from}→${event.transition.to})`
      : event.event === 'state'
        ? ` (${event.endpoint} ${event.from}→${event.to})`
        : ''
  const text = event.text.replace(cast.R.addr, 'R')
  return `${event.packet} ${event.event}${step} ${who(event.src, cast)}${flags} ${text}${moved}`
}

function recordLine(record: FlowRecord, cast: Cast): string {
  const { client, server, wire_state: state, handshake, teardown } = record
  const rtt = [handshake?.rtt_ms, handshake?.server_rtt_ms, handshake?.client_rtt_ms]
  const parts = [
    `flow ${record.id} ${who(client, cast)}→${who(server, cast)}`,
    record.outcome,
    `${record.conn_state} ${record.history}`,
    `${state?.client}/${state?.server}`,
    `${teardown?.kind} by ${teardown?.initiator ?? 'nobody'}`,
    `bytes ${client.bytes}/${server.bytes}`,
    `rtt ${rtt.map((ms) => (ms === null ? '-' : Math.round(ms! * 1e3) / 1e3)).join(' ')}`,
  ]
  if (record.missed_bytes > 0) parts.push(`missed ${record.missed_bytes}`)
  if (record.midstream) parts.push('midstream')
  return parts.join(', ')
}

function who(endpoint: Peer, cast: Cast): string {
  return endpoint.addr === cast.C.addr ? 'C' : endpoint.addr === cast.S.addr ? 'S' : endpoint.addr
}
