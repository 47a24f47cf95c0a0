import { FLAG_LETTERS, NO_FLAGS } from '../../wire/tcp-bits.ts'
import * as kind from '../event-numbers.ts'
import { IFACE_TEXT_BYTES, TELL_EVENT_LINES, TELL_FRAMED } from '../layout.ts'
import { event, isClient } from './event.ts'
import { ifaceText, told } from './host.ts'
import { putEndpoint, putField, putOptions, putStamp, putState } from './json-parts.ts'
import { cursor, endLine, literal, literals, newLiteral, put, putByte, putObject } from './line.ts'
import { putNumber } from './number.ts'
import { say } from './say.ts'
import { segment } from './segment.ts'

// The counterpart of render/json-event.ts: what both write of an event is the same, byte for byte.

const QUOTE = 0x22
const NAMES = literals(kind.EVENT_NAMES)
const EVENT = literal('{"type":"event","event":"')
const PACKET = literal(',"packet":')
const IFACE = literal(',"iface":')
const FLOW = literal(',"flow":')
const CLIENT_SENDS = literal(',"proto":"tcp","sender":"client"')
const SERVER_SENDS = literal(',"proto":"tcp","sender":"server"')
const SRC = literal(',"src":')
const DST = literal(',"dst":')
const FLAGS = literal(',"flags":"')
const SEQ = literal('","seq":')
const ACK = literal(',"ack":')
const LEN = literal(',"len":')
const WIN = literal(',"win":')
const OF_HANDSHAKE = literal(',"of":3,"step":')
const OF_CLOSE = literal(',"of":4,"step":')
const COMBINED = literal(',"combined":true')
const RTT_MS = literal(',"rtt_ms":')
const OPTIONS = literal(',"options":')
const TTL = literal(',"ttl":')
const N = literal(',"n":')
const TRANSITION = literal(',"transition":{')
const CLIENT_FROM = literal('"endpoint":"client","from":"')
const SERVER_FROM = literal('"endpoint":"server","from":"')
const TO = literal('","to":"')
const TEXT = literal(',"text":"')
const END = literal('"}\n')

/** The JSON text of the name of the interface that was asked for last. */
const ifaceName = newLiteral(IFACE_TEXT_BYTES)
let ifaceLength: i32 = 0
let iface: i32 = -1

/** Whether the event at hand becomes a line here. */
export function isLine(): bool {
  if ((told & TELL_EVENT_LINES) == 0) return false
  if (segment.iface != iface) {
    iface = segment.iface
    ifaceLength = ifaceText(iface, ifaceName + 8)
    store<u32>(ifaceName, ifaceLength)
  }
  return ifaceLength >= 0
}

/** Everything before the sentence. */
export function putEventHead(): void {
  const flow = segment.flow
  put(EVENT)
  put(load<u32>(NAMES + (event.kind << 2)))
  putByte(QUOTE)
  putStamp(segment.time)
  if ((told & TELL_FRAMED) != 0) {
    put(PACKET)
    putNumber(segment.packet)
  }
  if (ifaceLength > 0) {
    put(IFACE)
    put(ifaceName)
  }
  putField(FLOW, flow.serial)
  put(isClient(segment.sender) ? CLIENT_SENDS : SERVER_SENDS)
  putEnd(SRC, segment.direction)
  putEnd(DST, 1 - segment.direction)
  if (event.kind == kind.EVENT_STATE) {
    putByte(0x2c)
    putMove()
  } else putSegment()
  put(TEXT)
}

/** Everything behind it. */
export function endEventLine(): void {
  put(END)
  endLine()
}

function putEnd(key: usize, direction: i32): void {
  put(key)
  const from = cursor()
  putEndpoint(segment.flow, direction)
  putObject(from)
}

function putSegment(): void {
  put(FLAGS)
  putFlags(segment.flags)
  putField(SEQ, segment.sequence)
  putField(ACK, segment.acknowledgement)
  putField(LEN, segment.length)
  putField(WIN, segment.window)
  switch (event.kind) {
    case kind.EVENT_HANDSHAKE:
      putField(OF_HANDSHAKE, event.step)
      if (event.nanos >= 0) {
        put(RTT_MS)
        putNumber(event.nanos / 1e6)
      }
      if (event.step < 3) {
        put(OPTIONS)
        putOptions(segment.sender)
      }
      break
    case kind.EVENT_CLOSE:
      putField(OF_CLOSE, event.step)
      if (event.combined) put(COMBINED)
      break
    case kind.EVENT_RESET:
      putField(TTL, segment.ttl)
      break
    case kind.EVENT_DUP_ACK:
      putField(N, segment.sender.dupAcks)
  }
  if (event.moves) {
    put(TRANSITION)
    putMove()
    putByte(0x7d)
  }
}

function putMove(): void {
  put(event.ofClient ? CLIENT_FROM : SERVER_FROM)
  putState(event.from)
  put(TO)
  putState(event.to)
  putByte(QUOTE)
}

/** As tcpdump prints them inside the brackets. */
function putFlags(flags: i32): void {
  if (flags == 0) say(NO_FLAGS)
  for (let left = flags; left != 0; left &= left - 1) putByte(FLAG_LETTERS.charCodeAt(ctz(left)))
}
