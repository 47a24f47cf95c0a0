import type { Endpoint, FlowEvent, Transition } from '../flow/event.ts'
import type { AsciiLine, Literal } from './ascii-line.ts'
import { field, keys, putEndpoint, putOptions, putStamp } from './json-parts.ts'
import { asciiJson } from './json-text.ts'
import type { TraceClock } from './time.ts'

type SegmentEvent = Extract<FlowEvent, { readonly seq: number }>

const TYPE = field('type', 'event')
const OF_HANDSHAKE = field('of', 3)
const OF_CLOSE = field('of', 4)
const COMBINED = field('combined', true)
const KEY = keys(
  ...(['event', 'packet', 'iface', 'flow', 'proto', 'sender', 'src', 'dst', 'text', 'process'] as const),
  ...(['flags', 'seq', 'ack', 'len', 'win', 'step', 'rtt_ms', 'options', 'ttl', 'n'] as const),
  ...(['endpoint', 'from', 'to', 'wire_state', 'kernel_state', 'reason', 'location'] as const),
  ...(['icmp_type', 'icmp_code', 'icmp_name', 'error'] as const),
)

/** The fields of an event. */
export function putEvent(line: AsciiLine, clock: TraceClock, event: FlowEvent): void {
  const { packet, iface, process } = event
  putStamp(line.put(TYPE).put(KEY.event).quoted(event.event), clock, event.at)
  if (packet !== undefined) line.put(KEY.packet).number(packet)
  if (iface !== undefined) line.put(KEY.iface).quoted(iface)
  if (event.flow !== undefined) line.put(KEY.flow).number(event.flow)
  line.put(KEY.proto).quoted(event.proto).put(KEY.sender).quoted(event.sender)
  putEnd(line, KEY.src, event.src)
  putEnd(line, KEY.dst, event.dst)
  putParticulars(line, event)
  line.put(KEY.text).quoted(event.text)
  if (process !== undefined) line.put(KEY.process).text(asciiJson(process))
}

/** What one kind of event has and others have not. */
function putParticulars(line: AsciiLine, event: FlowEvent): void {
  switch (event.event) {
    case 'state':
      putSteps(line, event)
      break
    case 'icmp_error':
      line.put(KEY.icmp_type).number(event.icmp_type).put(KEY.icmp_code).number(event.icmp_code)
      line.put(KEY.icmp_name).quoted(event.icmp_name).put(KEY.from).quoted(event.from)
      if (event.error !== undefined) line.put(KEY.error).quoted(event.error)
      break
    case 'drop':
      if (event.flags !== undefined) line.put(KEY.flags).quoted(event.flags)
      line.put(KEY.reason).quoted(event.reason).put(KEY.location)
      if (event.location === null) line.text('null')
      else line.quoted(event.location)
      break
    case 'mismatch':
      line.put(KEY.wire_state).text(asciiJson(event.wire_state))
      line.put(KEY.kernel_state).text(asciiJson(event.kernel_state))
      break
    default:
      putSegment(line, event)
  }
}

function putSegment(line: AsciiLine, event: SegmentEvent): void {
  line.put(KEY.flags).quoted(event.flags).put(KEY.seq).number(event.seq).put(KEY.ack).number(event.ack)
  line.put(KEY.len).number(event.len).put(KEY.win).number(event.win)
  switch (event.event) {
    case 'handshake':
      line.put(OF_HANDSHAKE).put(KEY.step).number(event.step)
      if (event.rtt_ms !== undefined) line.put(KEY.rtt_ms).number(event.rtt_ms)
      if (event.options !== undefined) putOptions(line.put(KEY.options), event.options)
      putTransition(line, event.transition)
      break
    case 'close':
      line.put(OF_CLOSE).put(KEY.step).number(event.step)
      if (event.combined) line.put(COMBINED)
      putTransition(line, event.transition)
      break
    case 'reset':
      line.put(KEY.ttl).number(event.ttl)
      putTransition(line, event.transition)
      break
    case 'dup_ack':
      line.put(KEY.n).number(event.n)
  }
}

function putEnd(line: AsciiLine, key: Literal, endpoint: Endpoint): void {
  const from = line.put(key).length
  putEndpoint(line, endpoint)
  line.object(from)
}

/** There are few: each is written once (`flow/event-view.ts` makes each once). */
const transitions = new WeakMap<Transition, Literal>()

function putTransition(line: AsciiLine, transition: Transition | undefined): void {
  if (transition === undefined) return
  let written = transitions.get(transition)
  if (written === undefined) {
    const { endpoint, from, to } = transition
    written = field('transition', { endpoint, from, to })
    transitions.set(transition, written)
  }
  line.put(written)
}

function putSteps(line: AsciiLine, { endpoint, from, to }: Transition): void {
  line.put(KEY.endpoint).quoted(endpoint).put(KEY.from).quoted(from).put(KEY.to).quoted(to)
}
