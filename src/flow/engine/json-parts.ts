import { KEY_META, KEY_PORTS } from '../layout.ts'
import {
  OPTION_ECN,
  OPTION_FAST_OPEN_COOKIE,
  OPTION_FAST_OPEN_REQUEST,
  OPTION_MPTCP_CAPABLE,
  OPTION_MPTCP_JOIN,
  OPTION_MSS,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
} from '../marks.ts'
import { STATE_NAMES } from '../record-words.ts'
import { dateText } from './host.ts'
import { isIpv4 } from './key.ts'
import {
  cursor,
  literal,
  literals,
  moveTo,
  newLiteral,
  put,
  putByte,
  putDigits,
  putLetters,
  putObject,
  putWhole,
} from './line.ts'
import { putMillionths, putNumber, round } from './number.ts'
import type { Flow, Side } from './row.ts'

// The counterpart of render/json-parts.ts, and of what that takes from render/time.ts and wire/address.ts.

const NANOS_PER_SECOND: f64 = 1e9
const SECONDS_PER_DAY: f64 = 86_400
/** Seconds from 1970 that have a date. */
const LAST_SECOND: f64 = 8.64e12
const QUOTE = 0x22
const COLON = 0x3a
const POINT = 0x2e

const TIME = literal(',"time":')
const TS = literal(',"ts":')
const ADDR = literal(',"addr":"')
const PORT = literal('","port":')
const MSS = literal(',"mss":')
const WINDOW_SCALE = literal(',"window_scale":')
const SACK_PERMITTED = literal(',"sack_permitted":true')
const TIMESTAMPS = literal(',"timestamps":true')
const FAST_OPEN_REQUEST = literal(',"fast_open":"request"')
const FAST_OPEN_COOKIE = literal(',"fast_open":"cookie"')
const MPTCP_CAPABLE = literal(',"mptcp":"capable"')
const MPTCP_JOIN = literal(',"mptcp":"join"')
const ECN = literal(',"ecn":true')
const MAPPED = literal('::ffff:')
const states = literals(STATE_NAMES)
const octets: usize = memory.data(256 * 4, 4)
writeOctets()
const ZULU: u64 = 0x225a

let originSeconds: f64 = 0
/** `"2026-01-31T08:00:00.` of the second written last, which counts from the origin; and the part up to the T. */
const iso = newLiteral(32)
let isoSecond: f64 = NaN
let isoDay: f64 = NaN
let dateLength: u32 = 0

/** Epoch seconds from which times count. */
export function setOrigin(seconds: f64): void {
  if (seconds == originSeconds) return
  originSeconds = seconds
  isoSecond = NaN
}

/** `time` and `ts` of a moment, nanoseconds. */
export function putStamp(nanos: f64): void {
  put(TIME)
  putTime(nanos)
  put(TS)
  const micros = round(originSeconds * 1e6 + nanos / 1e3)
  if (micros > 0 && micros < 4294967296e6) putMillionths(micros)
  else putNumber(micros / 1e6)
}

/** RFC 3339, UTC, nanoseconds, in quotes. */
export function putTime(nanos: f64): void {
  const second = Math.floor(nanos / NANOS_PER_SECOND)
  if (second != isoSecond) setSecond(second)
  put(iso)
  putDigits(u32(nanos - second * NANOS_PER_SECOND), 9)
  putLetters(ZULU, 2)
}

function setSecond(second: f64): void {
  const seconds = Math.max(-LAST_SECOND, Math.min(LAST_SECOND, originSeconds + second))
  const day = Math.floor(seconds / SECONDS_PER_DAY)
  if (day != isoDay) {
    isoDay = day
    store<u8>(iso, QUOTE, 8)
    dateLength = 1 + dateText(day, iso + 9)
  }
  isoSecond = second
  const clock = u32(seconds - day * SECONDS_PER_DAY)
  const from = cursor()
  moveTo(iso + 8 + dateLength)
  putDigits(clock / 3600, 2)
  putByte(COLON)
  putDigits((clock / 60) % 60, 2)
  putByte(COLON)
  putDigits(clock % 60, 2)
  putByte(POINT)
  store<u32>(iso, u32(cursor() - iso - 8))
  moveTo(from)
}

/** Fields of the endpoint that sends in `direction`. */
export function putEndpoint(flow: Flow, direction: i32): void {
  put(ADDR)
  putAddress(flow, direction)
  put(PORT)
  const ports = load<u32>(flow.address, KEY_PORTS * 4)
  putWhole(direction == 0 ? ports >>> 16 : ports & 0xffff)
}

function putAddress(flow: Flow, direction: i32): void {
  const words = flow.address + (usize(direction) << 4)
  if (isIpv4(load<u32>(flow.address, KEY_META * 4))) putIpv4(load<u32>(words))
  else putIpv6(words)
}

function putIpv4(word: u32): void {
  let to = cursor()
  for (let shift = 24; shift >= 0; shift -= 8) {
    const octet = (word >>> shift) & 0xff
    store<u32>(to, load<u32>(octets + (octet << 2)))
    to += octet < 10 ? 2 : octet < 100 ? 3 : 4
  }
  moveTo(to - 1)
}

/** What an address has of each octet: up to three digits, then a point. */
function writeOctets(): void {
  const from = cursor()
  for (let octet: u32 = 0; octet < 256; octet++) {
    moveTo(octets + (octet << 2))
    putWhole(octet)
    putByte(POINT)
  }
  moveTo(from)
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function putIpv6(words: usize): void {
  if (load<u64>(words) == 0 && load<u32>(words, 8) == 0xffff) {
    put(MAPPED)
    putIpv4(load<u32>(words, 12))
    return
  }
  let runStart = 8
  let runLength = 1
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && group(words, to) == 0) to++
    if (to - from > runLength) {
      runStart = from
      runLength = to - from
    }
    from = to
  }
  for (let i = 0; i < 8; i++) {
    if (i == runStart) {
      putLetters(0x3a3a, 2)
      i += runLength - 1
    } else {
      if (i > 0 && i != runStart + runLength) putByte(COLON)
      putHex(group(words, i))
    }
  }
}

/** One of the eight groups of an address whose words are in the machine's order. */
function group(words: usize, index: i32): u32 {
  return load<u16>(words + usize(index ^ 1) * 2)
}

function putHex(value: u32): void {
  let shift = 12
  while (shift > 0 && value >>> shift == 0) shift -= 4
  for (; shift >= 0; shift -= 4) {
    const digit = (value >>> shift) & 15
    putByte(digit < 10 ? 0x30 + digit : 0x57 + digit)
  }
}

/** The object of what a side offered on its SYN or SYN+ACK. */
export function putOptions(side: Side): void {
  const bits = side.options
  const from = cursor()
  if (bits & OPTION_MSS) putField(MSS, side.mss)
  if (side.scaleOffer > 0) putField(WINDOW_SCALE, side.scaleOffer - 1)
  if (bits & OPTION_SACK_PERMITTED) put(SACK_PERMITTED)
  if (bits & OPTION_TIMESTAMPS) put(TIMESTAMPS)
  if (bits & OPTION_FAST_OPEN_COOKIE) put(FAST_OPEN_COOKIE)
  else if (bits & OPTION_FAST_OPEN_REQUEST) put(FAST_OPEN_REQUEST)
  if (bits & OPTION_MPTCP_JOIN) put(MPTCP_JOIN)
  else if (bits & OPTION_MPTCP_CAPABLE) put(MPTCP_CAPABLE)
  if (bits & OPTION_ECN) put(ECN)
  putObject(from)
}

/** A key, then a whole number. */
export function putField(key: usize, value: u32): void {
  put(key)
  putWhole(value)
}

export function putState(state: i32): void {
  put(load<u32>(states + (state << 2)))
}
