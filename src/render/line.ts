import type { Endpoint, FlowEvent } from '../flow/event.ts'
import type { FlowRecord } from '../flow/record.ts'
import { sanitize } from './sanitize.ts'
import { type Style, stateStyle } from './style.ts'
import type { TimeFormat, TraceClock } from './time.ts'
import { formatBytes, formatMs } from './units.ts'

/** How the lines of one run look. */
export interface LineFormat {
  readonly style: Style
  readonly timeFormat: TimeFormat
  /** A live run has interfaces and processes to show; a file may have neither. */
  readonly live: boolean
  /** Name of a port, where names are wanted and it has one. */
  readonly portName: (port: number, proto: string) => string | undefined
}

/** Where state changes begin behind a sentence that is not longer, cells from the sentence's start. */
const TEXT_WIDTH = 60

/** The columns begin this wide; one too long for its column widens it for the rest of the run. */
const START_WIDTHS = { iface: 4, process: 16, endpoint: 21, flags: 5, label: 14 }

export function endpointText({ addr, port }: Endpoint, name?: string): string {
  const shown = name ?? port
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

/** Events and flows as lines of text with stable columns. */
export class LineWriter {
  readonly #clock: TraceClock
  readonly #format: LineFormat
  readonly #widths = { ...START_WIDTHS }

  constructor(clock: TraceClock, format: LineFormat) {
    this.#clock = clock
    this.#format = format
  }

  /** One event with its newline; bare state changes have none: the segment that made them shows them. */
  event(event: FlowEvent): string {
    if (event.event === 'state') return ''
    const flags = 'flags' in event ? `[${event.flags}]` : '[!]'
    const text = sanitize(event.text)
    const label = eventLabel(event)
    const columns = [
      ...this.#head(event),
      this.#endpoints(event.src, event.dst, event.proto),
      this.#column('flags', flags),
      this.#colored(event, this.#column('label', label)),
    ]
    const change = this.#change(event)
    columns.push(change === '' ? text : `${text.padEnd(TEXT_WIDTH)} ${change}`)
    return `${columns.join(' ').trimEnd()}\n`
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
    return `${columns.join(' ')}\n`
  }

  #time(at: number): string {
    return this.#clock.text(at, this.#format.timeFormat)
  }

  #head(event: FlowEvent): string[] {
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

  #colored(event: FlowEvent, label: string): string {
    const { style } = this.#format
    switch (event.event) {
      case 'handshake':
        return style.good(label)
      case 'close':
        return style.info(label)
      case 'reset':
      case 'icmp_error':
        return style.bad(label)
      default:
        return style.warn(label)
    }
  }

  #change(event: FlowEvent): string {
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
