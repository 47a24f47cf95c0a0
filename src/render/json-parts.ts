import type { Endpoint, HandshakeOptions } from '../flow/event.ts'
import { type AsciiLine, Literal } from './ascii-line.ts'
import type { TraceClock } from './time.ts'

const NANOS_PER_SECOND = 1e9

/** Names of fields as `AsciiLine.object` wants them. */
export function keys<Name extends string>(...names: readonly Name[]): Readonly<Record<Name, Literal>> {
  return Object.fromEntries(names.map((name) => [name, new Literal(`,"${name}":`)])) as Record<Name, Literal>
}

/** A field that always says the same. */
export function field(name: string, value: unknown): Literal {
  return new Literal(`,"${name}":${JSON.stringify(value)}`)
}

const KEY = keys('time', 'ts', 'addr', 'port', 'name', 'mss', 'window_scale', 'fast_open', 'mptcp')
const QUOTE = new Literal('"')
const POINT = new Literal('.')
const ZULU = new Literal('Z"')
const SACK_PERMITTED = field('sack_permitted', true)
const TIMESTAMPS = field('timestamps', true)
const ECN = field('ecn', true)

/** `TraceClock.stamp` as fields. */
export function putStamp(line: AsciiLine, clock: TraceClock, nanos: number): void {
  putTime(line.put(KEY.time), clock, nanos)
  line.put(KEY.ts).number(clock.epoch(nanos))
}

/** `TraceClock.rfc3339`. */
export function putTime(line: AsciiLine, clock: TraceClock, nanos: number): void {
  const second = Math.floor(nanos / NANOS_PER_SECOND)
  line.put(QUOTE).text(clock.isoSecond(second)).put(POINT)
  line.digits(nanos - second * NANOS_PER_SECOND, 9).put(ZULU)
}

/** The fields of an endpoint. */
export function putEndpoint(line: AsciiLine, { addr, port, name }: Endpoint): void {
  line.put(KEY.addr).quoted(addr).put(KEY.port).number(port)
  if (name !== undefined) line.put(KEY.name).quoted(name)
}

export function putOptions(line: AsciiLine, options: HandshakeOptions): void {
  const { mss, window_scale, fast_open, mptcp } = options
  const from = line.length
  if (mss !== undefined) line.put(KEY.mss).number(mss)
  if (window_scale !== undefined) line.put(KEY.window_scale).number(window_scale)
  if (options.sack_permitted) line.put(SACK_PERMITTED)
  if (options.timestamps) line.put(TIMESTAMPS)
  if (fast_open !== undefined) line.put(KEY.fast_open).quoted(fast_open)
  if (mptcp !== undefined) line.put(KEY.mptcp).quoted(mptcp)
  if (options.ecn) line.put(ECN)
  line.object(from)
}
