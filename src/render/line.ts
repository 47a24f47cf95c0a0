import type { Endpoint, FlowEvent, StateEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import { sanitize } from './sanitize.ts'
import { type Style, stateStyle } from './style.ts'
import type { TimeFormat, TraceClock } from './time.ts'
import { formatBytes, formatMs } from './units.ts'
import { wrap } from './wrap.ts'

/** How the lines of one run look. */
export interface LineFormat {
  readonly style: Style
  readonly timeFormat: TimeFormat
  /** A live run has interfaces and processes to show; a file may have neither. */
  readonly live: boolean
  /** Name of a port, where names are wanted and it has one. */
  readonly portName: (port: number, proto: string) => string | undefined
  /** Width of the terminal in cells; `undefined` in a pipe, where a line is never broken. */
  readonly columns?: number
}

/** Where state changes begin behind a sentence that is not longer, cells from the sentence's start. */
const TEXT_WIDTH = 60

/** Below this width an event takes two lines: who and what, then what it means. */
const ONE_LINE_COLUMNS = 170
/** The second line begins below the first one's second column. */
const INDENT = ' '.repeat(16)

/** The columns begin this wide; one too long for its column widens it for the rest of the run. */
const START_WIDTHS = { iface: 4, process: 16, endpoint: 21, flags: 5, label: 14 }

/** `service` is the name of the port. */
export function endpointText({ addr, port, name }: Endpoint, service?: string): string {
  const shown = service ?? port
  if (name !== undefined) return `${sanitize(name)}:${shown}`
  return addr.includes(':') ? `[${addr}]:${shown}` : `${addr}:${shown}`
}

export function processText(process: { pid: number; comm: string | null } | undefined): string {
  return process === undefined ? '-' : `${sanitize(process.comm ?? '?')}[${process.pid}]`
}

/** What the segment is, in two words at most: `handshake 1/3`, `close 2+3/4`, `reset`. */
export function eventLabel(event: FlowEvent): string {
  switch (event.event) {
    case 'handshake':
      return `handshake ${event.step}/${event.of}`
    case 'close':
      return `close ${event.combined ? `${event.step - 1}+${event.step}` : event.step}/${event.of}`
    case 'dup_ack':
      return `dup ack #${event.n}`
    case 'icmp_error':
      return 'icmp error'
    default:
      return event.event.replaceAll('_', ' ')
  }
}

/** Bare state changes are not shown: the segment that made them shows them. */
type SegmentOrIcmpEvent = Exclude<FlowEvent, StateEvent>

function flagsOf(event: SegmentOrIcmpEvent): string {
  return 'flags' in event ? `[${event.flags}]` : '[!]'
}

/** Events and flows as lines of text with stable columns. */
export class LineWriter {
  readonly #clock: TraceClock
  readonly #format: LineFormat
  readonly #widths = { ...START_WIDTHS }

  constructor(clock: TraceClock, format: LineFormat) {
    this.#clock = clock
    this.#format = format
  }

  /** One event with its newline; nothing for a bare state change. */
  event(event: FlowEvent): string {
    if (event.event === 'state') return ''
    const { columns = Number.POSITIVE_INFINITY } = this.#format
    return columns < ONE_LINE_COLUMNS ? this.#twoLines(event, columns) : this.#oneLine(event)
  }

  /** One flow with its newline. */
  flow(flow: FlowRecord): string {
    const { style } = this.#format
    const { client, server, process } = flow
    const bad = flow.outcome === 'refused' || flow.outcome === 'timeout' || flow.outcome === 'unreachable'
    const outcome = flow.outcome.padEnd(11)
    const rtt = flow.handshake?.rtt_ms
    const columns = [
      style.dim(this.#time(flow.start)),
      flow.proto.padEnd(4),
      this.#endpoints(client, server, flow.proto),
      bad ? style.bad(outcome) : flow.outcome === 'reset' ? style.warn(outcome) : style.good(outcome),
      flow.conn_state.padEnd(6),
      flow.history.padEnd(12),
      formatMs(flow.duration_ms).padStart(10),
      `sent ${formatBytes(client.bytes)} in ${client.packets}, got ${formatBytes(server.bytes)} in ${server.packets}`,
    ]
    if (rtt !== undefined && rtt !== null) columns.push(`rtt ${formatMs(rtt)}`)
    if (process !== undefined)
      columns.push(style.name(`${processText(process.client)} → ${processText(process.server)}`))
    if (flow.verdict !== undefined) columns.push(style.bad(flow.verdict))
    return `${columns.join(' ')}\n`
  }

  #oneLine(event: SegmentOrIcmpEvent): string {
    const text = sanitize(event.text)
    const change = this.#change(event)
    const columns = [
      ...this.#head(event),
      this.#endpoints(event.src, event.dst, event.proto),
      this.#column('flags', flagsOf(event)),
      this.#colored(event, this.#column('label', eventLabel(event))),
      change === '' ? text : `${text.padEnd(TEXT_WIDTH)} ${change}`,
    ]
    return `${columns.join(' ').trimEnd()}\n`
  }

  #twoLines(event: SegmentOrIcmpEvent, columns: number): string {
    const { style, live, portName } = this.#format
    const { src, dst, proto, iface } = event
    const from = endpointText(src, portName(src.port, proto))
    const to = endpointText(dst, portName(dst.port, proto))
    const who = live
      ? [sanitize(iface ?? '-').padEnd(START_WIDTHS.iface), style.name(processText(event.process))]
      : []
    const first = [
      style.dim(this.#time(event.at)),
      ...who,
      `${from} → ${to}`,
      flagsOf(event),
      this.#colored(event, eventLabel(event)),
    ]
    const transition = 'transition' in event ? event.transition : undefined
    const change = transition === undefined ? '' : ` (${transition.from}→${transition.to})`
    return `${first.join(' ')}\n${wrap(INDENT + sanitize(event.text) + change, columns, INDENT)}\n`
  }

  #time(at: number): string {
    return this.#clock.text(at, this.#format.timeFormat)
  }

  #head(event: SegmentOrIcmpEvent): string[] {
    const { style, live } = this.#format
    const head = [style.dim(this.#time(event.at))]
    if (live) {
      head.push(this.#column('iface', sanitize(event.iface ?? '-')))
      head.push(style.name(this.#column('process', processText(event.process))))
    }
    return head
  }

  #endpoints(src: Endpoint, dst: Endpoint, proto: string): string {
    const { portName } = this.#format
    const from = endpointText(src, portName(src.port, proto))
    const to = endpointText(dst, portName(dst.port, proto))
    return `${this.#column('endpoint', from)} → ${this.#column('endpoint', to)}`
  }

  #colored(event: SegmentOrIcmpEvent, label: string): string {
    const { style } = this.#format
    switch (event.event) {
      case 'handshake':
        return style.good(label)
      case 'close':
        return style.info(label)
      case 'reset':
      case 'icmp_error':
      case 'drop':
        return style.bad(label)
      default:
        return style.warn(label)
    }
  }

  #change(event: SegmentOrIcmpEvent): string {
    if (!('transition' in event) || event.transition === undefined) return ''
    const { from, to } = event.transition
    const { style } = this.#format
    return `${style.dim(`${from}→`)}${stateStyle(style, to)(to)}`
  }

  #column(name: keyof typeof START_WIDTHS, text: string): string {
    if (text.length > this.#widths[name]) this.#widths[name] = text.length
    return text.padEnd(this.#widths[name])
  }
}
