import type { FlowEvent } from '../../flow/event.ts'
import type { Room } from '../../host/lab.ts'
import { endpointText, eventLabel, LineWriter, processText } from '../../render/line.ts'
import { sanitize } from '../../render/sanitize.ts'
import { socketJson } from '../../render/socket-json.ts'
import { NUMERIC } from '../../render/socket-text.ts'
import { createStyle, type Style, stateStyle, wantsColor } from '../../render/style.ts'
import { TraceClock } from '../../render/time.ts'
import { wrap } from '../../render/wrap.ts'
import type { SocketEndpoint, SocketRecord } from '../../sockets/socket.ts'
import type { Io } from '../io.ts'
import type { CommonOptions } from '../options.ts'
import type { Scene } from './scenes.ts'
import type { Audience } from './stage.ts'

/** How the demo is told: as text for people, or as the plain NDJSON of its traces and lists. */
export interface DemoView extends Audience {
  open(): void
  scene(number: number, scene: Scene): void
  close(): void
}

/** From here on a line of `socktrace trace` fits as it is. */
const FULL_LINE_COLUMNS = 160
/** `12:11:28.009276 ` */
const TIME_WIDTH = 16
const PROCESS_WIDTH = 18
const PORTS_WIDTH = 15
/** `10.9.8.1:48448` */
const ENDPOINT_WIDTH = 14

export function jsonView(io: Io): DemoView {
  const print = (line: string): void => {
    io.write(`${line}\n`)
    io.flush()
  }
  return {
    event: (_event, line) => print(line),
    object: print,
    sockets: (_caption, rows) => {
      const stamp = new TraceClock(0).stamp(Date.now() * 1e6)
      for (const { socket } of rows) {
        io.write(socketJson(socket, stamp, NUMERIC))
        io.flush()
      }
    },
    tell() {},
    open() {},
    scene() {},
    close() {},
  }
}

/** `originSeconds` is what the events' times count from. */
export function textView(io: Io, options: CommonOptions, originSeconds: number): DemoView {
  const { columns, isTerminal, env } = io
  const style = createStyle(wantsColor({ choice: options.color, isTerminal, environment: env }))
  const print = (text: string): void => {
    io.write(`${text}\n`)
    io.flush()
  }
  const paragraph = (text: string): void => print(wrap(text, columns))
  const eventText = eventWriter(style, columns, new TraceClock(originSeconds))
  return {
    event(event) {
      io.write(eventText(event))
      io.flush()
    },
    object() {},
    sockets(caption, rows) {
      print(style.dim(`  ┌ socktrace list: ${caption}`))
      for (const { room, socket } of rows) print(`  ${style.dim('│')} ${socketText(style, room, socket)}`)
    },
    tell: (text) => print(wrap(`  → ${text}`, columns, '    ')),
    open() {
      paragraph(
        'Two network namespaces, a client (10.9.8.1) and a server (10.9.8.2), joined by a cable of their own. ' +
          'What follows is what `socktrace trace` and `socktrace list` see there, as it happens.',
      )
    },
    scene(number, { title, explanation }) {
      print(`\n${style.bold(`${number}. ${title}`)}`)
      paragraph(explanation)
    },
    close() {
      print('\nDone: the namespaces, the cable and the programs are gone.')
      paragraph('Your own connections: `socktrace list` and `sudo socktrace trace`.')
    },
  }
}

/** A line of `socktrace trace`, or the same in two lines where the terminal is too narrow for it. */
function eventWriter(style: Style, columns: number, clock: TraceClock): (event: FlowEvent) => string {
  const format = { style, timeFormat: 'local', live: true, portName: () => undefined } as const
  const lines = new LineWriter(clock, format)
  if (columns >= FULL_LINE_COLUMNS) return (event) => lines.event(event)
  return (event) => {
    if (event.event === 'state') return ''
    const flags = 'flags' in event ? `[${event.flags}]` : '[!]'
    const head = [
      style.dim(clock.text(event.at, 'local')),
      style.name(processText(event.process).padEnd(PROCESS_WIDTH)),
      `:${event.src.port} → :${event.dst.port}`.padEnd(PORTS_WIDTH),
      flags.padEnd(4),
      style.bold(eventLabel(event)),
    ]
    const transition = 'transition' in event ? event.transition : undefined
    const change = transition === undefined ? '' : ` (${transition.from}→${transition.to})`
    return `${head.join(' ')}\n${wrap(' '.repeat(TIME_WIDTH) + sanitize(event.text) + change, columns, ' '.repeat(TIME_WIDTH))}\n`
  }
}

function socketText(style: Style, room: Room, socket: SocketRecord): string {
  const { state, local, remote, recv_q, processes } = socket
  const owner = processes[0] === undefined ? 'no process' : processText(processes[0])
  const columns = [
    room,
    stateStyle(style, state)(state.padEnd(11)),
    addressText(local).padEnd(ENDPOINT_WIDTH),
    addressText(remote).padEnd(ENDPOINT_WIDTH),
    style.name(owner),
  ]
  const queue = recv_q > 0 && state !== 'LISTEN' ? ` Recv-Q ${recv_q}` : ''
  return columns.join(' ') + style.warn(queue)
}

function addressText({ addr = '', port = 0 }: SocketEndpoint): string {
  return port === 0 ? `${addr}:*` : endpointText({ addr, port })
}
