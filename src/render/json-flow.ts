import type { FlowRecord, FlowSide, Handshake, Rtt, Teardown } from '../flow/record.ts'
import { type AsciiLine, Literal } from './ascii-line.ts'
import { field, keys, putEndpoint, putOptions, putStamp, putTime } from './json-parts.ts'
import { asciiJson } from './json-text.ts'
import type { TraceClock } from './time.ts'

const TYPE = field('type', 'flow')
/** What goes wrong, counted for each side; most sides have nothing of it. */
const TROUBLES = [
  ...(['retransmissions', 'fast_retransmissions', 'spurious_retransmissions', 'out_of_order'] as const),
  ...(['lost_segments', 'dup_acks', 'zero_windows', 'window_fulls', 'keep_alives', 'resets'] as const),
  ...(['rexmt_packets', 'rexmt_bytes'] as const),
]
const NO_TROUBLE = new Literal(TROUBLES.map((name) => `,"${name}":0`).join(''))
const KEY = keys(
  ...(['id', 'proto', 'community_id', 'netns', 'client', 'server', 'start', 'end', 'duration_ms'] as const),
  ...(['history', 'missed_bytes', 'midstream', 'conn_state', 'outcome', 'verdict', 'process'] as const),
  ...(['wire_state', 'kernel_state', 'handshake', 'teardown', 'kind', 'initiator'] as const),
  ...(['packets', 'bytes', 'wire_bytes', 'unique_bytes', 'mss', 'window_scale', 'max_window'] as const),
  ...(['rtt_ms', 'min', 'avg', 'max', 'stddev', 'samples', 'complete', 'client_rtt_ms'] as const),
  ...(['server_rtt_ms', 'syn_count', 'syn_ack_count', 'client_options', 'server_options'] as const),
  ...TROUBLES,
)

/** The fields of a flow record. */
export function putFlow(line: AsciiLine, clock: TraceClock, flow: FlowRecord): void {
  const { netns, kernel_state, handshake, teardown, process, verdict } = flow
  putStamp(line.put(TYPE), clock, flow.end)
  line.put(KEY.id).number(flow.id).put(KEY.proto).quoted(flow.proto)
  line.put(KEY.community_id).quoted(flow.community_id)
  if (netns !== undefined) line.put(KEY.netns).number(netns)
  putSide(line.put(KEY.client), flow.client)
  putSide(line.put(KEY.server), flow.server)
  putTime(line.put(KEY.start), clock, flow.start)
  putTime(line.put(KEY.end), clock, flow.end)
  line.put(KEY.duration_ms).number(flow.duration_ms).put(KEY.history).quoted(flow.history)
  line.put(KEY.missed_bytes).number(flow.missed_bytes).put(KEY.midstream).text(String(flow.midstream))
  line.put(KEY.conn_state).quoted(flow.conn_state).put(KEY.outcome).quoted(flow.outcome)
  if (flow.wire_state !== undefined) putStates(line.put(KEY.wire_state), flow.wire_state)
  if (kernel_state !== undefined) line.put(KEY.kernel_state).text(asciiJson(kernel_state))
  if (handshake !== undefined) putHandshake(line.put(KEY.handshake), handshake)
  if (teardown !== undefined) putTeardown(line.put(KEY.teardown), teardown)
  if (process !== undefined) line.put(KEY.process).text(asciiJson(process))
  if (verdict !== undefined) line.put(KEY.verdict).quoted(verdict)
}

function putSide(line: AsciiLine, side: FlowSide): void {
  const { rtt_ms, mss, window_scale } = side
  const from = line.length
  putEndpoint(line, side)
  line.put(KEY.packets).number(side.packets).put(KEY.bytes).number(side.bytes)
  line.put(KEY.wire_bytes).number(side.wire_bytes)
  putTroubles(line, side)
  line.put(KEY.unique_bytes).number(side.unique_bytes)
  if (rtt_ms !== undefined) putRtt(line.put(KEY.rtt_ms), rtt_ms)
  if (mss !== undefined) line.put(KEY.mss).number(mss)
  if (window_scale !== undefined) line.put(KEY.window_scale).number(window_scale)
  line.put(KEY.max_window).number(side.max_window).object(from)
}

function putTroubles(line: AsciiLine, side: FlowSide): void {
  if (TROUBLES.every((name) => side[name] === 0)) line.put(NO_TROUBLE)
  else for (const name of TROUBLES) line.put(KEY[name]).number(side[name])
}

function putRtt(line: AsciiLine, { min, avg, max, stddev, samples }: Rtt): void {
  const from = line.length
  line.put(KEY.min).number(min).put(KEY.avg).number(avg).put(KEY.max).number(max)
  line.put(KEY.stddev).number(stddev).put(KEY.samples).number(samples).object(from)
}

function putStates(line: AsciiLine, { client, server }: NonNullable<FlowRecord['wire_state']>): void {
  const from = line.length
  line.put(KEY.client).quoted(client).put(KEY.server).quoted(server).object(from)
}

function putHandshake(line: AsciiLine, handshake: Handshake): void {
  const { client_options, server_options } = handshake
  const from = line.length
  line.put(KEY.complete).text(String(handshake.complete))
  putNullable(line.put(KEY.rtt_ms), handshake.rtt_ms)
  putNullable(line.put(KEY.client_rtt_ms), handshake.client_rtt_ms)
  putNullable(line.put(KEY.server_rtt_ms), handshake.server_rtt_ms)
  line.put(KEY.syn_count).number(handshake.syn_count)
  line.put(KEY.syn_ack_count).number(handshake.syn_ack_count)
  if (client_options !== undefined) putOptions(line.put(KEY.client_options), client_options)
  if (server_options !== undefined) putOptions(line.put(KEY.server_options), server_options)
  line.object(from)
}

function putTeardown(line: AsciiLine, { kind, initiator }: Teardown): void {
  const from = line.length
  line.put(KEY.kind).quoted(kind).put(KEY.initiator)
  if (initiator === null) line.text('null')
  else line.quoted(initiator)
  line.object(from)
}

function putNullable(line: AsciiLine, value: number | null): void {
  if (value === null) line.text('null')
  else line.number(value)
}
