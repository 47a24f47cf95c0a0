import type { Endpoint, FlowEvent, HandshakeOptions, Transition } from '../flow/event.ts'
import type { FlowRecord, FlowSide, Handshake, Rtt, Teardown } from '../flow/record.ts'
import { asciiJson, quoted } from './json-text.ts'
import type { TraceClock } from './time.ts'

/*
 * Records as the lines of the JSON contract (`socktrace schema`): `type` first, then the moment, then the rest.
 * Each function returns one line with its newline.
 *
 * They are put together by hand: copies in the right order and `JSON.stringify` took three times as long
 * (measured, docs/performance.md). A test holds them byte for byte to `asciiJson`. Numbers are finite throughout.
 */

export function eventJson(event: FlowEvent, clock: TraceClock): string {
  const { event: name, at, packet, iface, process } = event
  let line = `{"type":"event","event":"${name}","time":"${clock.rfc3339(at)}","ts":${clock.epoch(at)}`
  if (packet !== undefined) line += `,"packet":${packet}`
  if (iface !== undefined) line += `,"iface":${quoted(iface)}`
  if (event.flow !== undefined) line += `,"flow":${event.flow}`
  line += `,"proto":"${event.proto}","sender":"${event.sender}"`
  line += `,"src":${endpointJson(event.src)},"dst":${endpointJson(event.dst)}${particulars(event)}`
  line += `,"text":${quoted(event.text)}`
  if (process !== undefined) line += `,"process":${asciiJson(process)}`
  return `${line}}\n`
}

/** What one kind of event has and others have not. */
function particulars(event: FlowEvent): string {
  if (event.event === 'state')
    return `,"endpoint":"${event.endpoint}","from":"${event.from}","to":"${event.to}"`
  if (event.event === 'icmp_error') {
    const { icmp_type, icmp_code, icmp_name, from, error } = event
    const message = `,"icmp_type":${icmp_type},"icmp_code":${icmp_code},"icmp_name":${quoted(icmp_name)}`
    return `${message},"from":${quoted(from)}${error === undefined ? '' : `,"error":"${error}"`}`
  }
  if (event.event === 'drop') {
    const { flags, reason, location } = event
    const segment = flags === undefined ? '' : `,"flags":"${flags}"`
    return `${segment},"reason":${quoted(reason)},"location":${location === null ? null : quoted(location)}`
  }
  if (event.event === 'mismatch') {
    const { wire_state, kernel_state } = event
    return `,"wire_state":${asciiJson(wire_state)},"kernel_state":${asciiJson(kernel_state)}`
  }
  const { seq, ack, len, win } = event
  const segment = `,"flags":"${event.flags}","seq":${seq},"ack":${ack},"len":${len},"win":${win}`
  switch (event.event) {
    case 'handshake': {
      const { rtt_ms, options, transition } = event
      let text = `${segment},"of":3,"step":${event.step}`
      if (rtt_ms !== undefined) text += `,"rtt_ms":${rtt_ms}`
      if (options !== undefined) text += `,"options":${optionsJson(options)}`
      return text + transitionJson(transition)
    }
    case 'close': {
      const combined = event.combined === undefined ? '' : ',"combined":true'
      return `${segment},"of":4,"step":${event.step}${combined}${transitionJson(event.transition)}`
    }
    case 'reset':
      return `${segment},"ttl":${event.ttl}${transitionJson(event.transition)}`
    case 'dup_ack':
      return `${segment},"n":${event.n}`
    default:
      return segment
  }
}

function endpointJson({ addr, port, name }: Endpoint): string {
  return `{"addr":"${addr}","port":${port}${name === undefined ? '' : `,"name":${quoted(name)}`}}`
}

function transitionJson(transition: Transition | undefined): string {
  if (transition === undefined) return ''
  const { endpoint, from, to } = transition
  return `,"transition":{"endpoint":"${endpoint}","from":"${from}","to":"${to}"}`
}

function optionsJson(options: HandshakeOptions): string {
  const { mss, window_scale, fast_open, mptcp } = options
  let text = ''
  if (mss !== undefined) text += `,"mss":${mss}`
  if (window_scale !== undefined) text += `,"window_scale":${window_scale}`
  if (options.sack_permitted) text += ',"sack_permitted":true'
  if (options.timestamps) text += ',"timestamps":true'
  if (fast_open !== undefined) text += `,"fast_open":"${fast_open}"`
  if (mptcp !== undefined) text += `,"mptcp":"${mptcp}"`
  if (options.ecn) text += ',"ecn":true'
  return `{${text.slice(1)}}`
}

export function flowJson(flow: FlowRecord, clock: TraceClock): string {
  const { netns, wire_state, kernel_state, handshake, teardown, process, verdict } = flow
  const end = clock.rfc3339(flow.end)
  let line = `{"type":"flow","time":"${end}","ts":${clock.epoch(flow.end)},"id":${flow.id}`
  line += `,"proto":"${flow.proto}","community_id":"${flow.community_id}"`
  if (netns !== undefined) line += `,"netns":${netns}`
  line += `,"client":${sideJson(flow.client)},"server":${sideJson(flow.server)}`
  line += `,"start":"${clock.rfc3339(flow.start)}","end":"${end}"`
  line += `,"duration_ms":${flow.duration_ms},"history":"${flow.history}","missed_bytes":${flow.missed_bytes}`
  line += `,"midstream":${flow.midstream},"conn_state":"${flow.conn_state}","outcome":"${flow.outcome}"`
  if (wire_state !== undefined)
    line += `,"wire_state":{"client":"${wire_state.client}","server":"${wire_state.server}"}`
  if (kernel_state !== undefined) line += `,"kernel_state":${asciiJson(kernel_state)}`
  if (handshake !== undefined) line += `,"handshake":${handshakeJson(handshake)}`
  if (teardown !== undefined) line += `,"teardown":${teardownJson(teardown)}`
  if (process !== undefined) line += `,"process":${asciiJson(process)}`
  if (verdict !== undefined) line += `,"verdict":"${verdict}"`
  return `${line}}\n`
}

function sideJson(side: FlowSide): string {
  const { name, rtt_ms, mss, window_scale } = side
  let text = `{"addr":"${side.addr}","port":${side.port}`
  if (name !== undefined) text += `,"name":${quoted(name)}`
  text += `,"packets":${side.packets},"bytes":${side.bytes},"wire_bytes":${side.wire_bytes}`
  text += `,"retransmissions":${side.retransmissions},"fast_retransmissions":${side.fast_retransmissions}`
  text += `,"spurious_retransmissions":${side.spurious_retransmissions},"out_of_order":${side.out_of_order}`
  text += `,"lost_segments":${side.lost_segments},"dup_acks":${side.dup_acks}`
  text += `,"zero_windows":${side.zero_windows},"window_fulls":${side.window_fulls}`
  text += `,"keep_alives":${side.keep_alives},"resets":${side.resets}`
  text += `,"rexmt_packets":${side.rexmt_packets},"rexmt_bytes":${side.rexmt_bytes}`
  text += `,"unique_bytes":${side.unique_bytes}`
  if (rtt_ms !== undefined) text += `,"rtt_ms":${rttJson(rtt_ms)}`
  if (mss !== undefined) text += `,"mss":${mss}`
  if (window_scale !== undefined) text += `,"window_scale":${window_scale}`
  return `${text},"max_window":${side.max_window}}`
}

function rttJson({ min, avg, max, stddev, samples }: Rtt): string {
  return `{"min":${min},"avg":${avg},"max":${max},"stddev":${stddev},"samples":${samples}}`
}

function handshakeJson(handshake: Handshake): string {
  const { complete, rtt_ms, client_rtt_ms, server_rtt_ms, client_options, server_options } = handshake
  let text = `{"complete":${complete},"rtt_ms":${rtt_ms},"client_rtt_ms":${client_rtt_ms}`
  text += `,"server_rtt_ms":${server_rtt_ms},"syn_count":${handshake.syn_count}`
  text += `,"syn_ack_count":${handshake.syn_ack_count}`
  if (client_options !== undefined) text += `,"client_options":${optionsJson(client_options)}`
  if (server_options !== undefined) text += `,"server_options":${optionsJson(server_options)}`
  return `${text}}`
}

function teardownJson({ kind, initiator }: Teardown): string {
  return `{"kind":"${kind}","initiator":${initiator === null ? null : `"${initiator}"`}}`
}
