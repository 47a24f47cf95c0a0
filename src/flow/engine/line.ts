import { lines } from './host.ts'
import { allocate } from './memory.ts'

/*
 * Lines of ASCII, put together as bytes from left to right and gathered until there are enough of them or the host
 * asks. The counterpart of render/ascii-line.ts: what both write of one thing is the same, byte for byte.
 */

/** What is handed over at once, bytes: the host writes more than this without copying it again (host/output.ts). */
const ENOUGH: usize = 64 * 1024
/** More than the longest line. */
const RESERVE: usize = 64 * 1024
const ZERO = 0x30

const begin: usize = allocate(ENOUGH + RESERVE, 8)
let at: usize = begin

/** `00` to `99`, two letters each. */
const pairs: usize = memory.data(200, 2)
for (let n = 0; n < 100; n++) store<u16>(pairs + (n << 1), u16(ZERO + n / 10 + ((ZERO + (n % 10)) << 8)))

/**
 * ASCII that lines have often: address of its length (32 bits), which its letters follow 8 bytes behind. From strings,
 * which have 16 bits for each letter, they are made once; `memory.copy` of a few letters takes longer than all else.
 */
export function literal(text: string): usize {
  const literal = newLiteral(text.length)
  store<u32>(literal, text.length)
  for (let i = 0; i < text.length; i++) store<u8>(literal + i, text.charCodeAt(i), 8)
  return literal
}

/** Of each word one: a table of their addresses, 32 bits each. */
export function literals(words: string[]): usize {
  const table = allocate(usize(words.length) * 4, 4)
  for (let i = 0; i < words.length; i++) store<u32>(table + (i << 2), u32(literal(words[i])))
  return table
}

/** An empty one, for `length` letters at most. */
export function newLiteral(length: i32): usize {
  return allocate(usize(8 + length + 8), 8)
}

/** Writes a literal: up to seven letters too many, over which the next are written. */
export function put(literal: usize): void {
  let to = at
  const end = to + load<u32>(literal)
  let from = literal + 8
  for (; to < end; to += 8, from += 8) store<u64>(to, load<u64>(from))
  at = end
}

/** ASCII from anywhere: up to seven letters too many are read and written. */
export function putBytes(from: usize, length: u32): void {
  const end = at + length
  let source = from
  for (let to = at; to < end; to += 8, source += 8) store<u64>(to, load<u64>(source))
  at = end
}

export function putByte(code: i32): void {
  store<u8>(at++, code)
}

/** Up to eight letters, the first one lowest. */
export function putLetters(letters: u64, count: usize): void {
  store<u64>(at, letters)
  at += count
}

/** With zeros in front, `width` digits. */
export function putDigits(value: u32, width: u32): void {
  let rest = value
  let to = at + width
  at = to
  let left = width
  for (; left > 1; left -= 2) {
    const hundreds = rest / 100
    to -= 2
    store<u16>(to, load<u16>(pairs + ((rest - hundreds * 100) << 1)))
    rest = hundreds
  }
  if (left > 0) store<u8>(to - 1, ZERO + rest)
}

/** A whole number. */
export function putWhole(value: u32): void {
  if (value < 10) {
    putByte(ZERO + value)
    return
  }
  putDigits(value, widthOf(value))
}

/** Decimal digits of a number. */
export function widthOf(value: u32): u32 {
  if (value < 100) return value < 10 ? 1 : 2
  if (value < 10_000) return value < 1000 ? 3 : 4
  if (value < 1_000_000) return value < 100_000 ? 5 : 6
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8
  return value < 1_000_000_000 ? 9 : 10
}

/** Where the next letter goes, and moving it: for who writes letters there. */
export function cursor(): usize {
  return at
}
export function moveTo(to: usize): void {
  at = to
}

/** What was written from there on, fields with a comma before each, was an object. */
export function putObject(from: usize): void {
  if (at == from) at++
  store<u8>(from, 0x7b)
  store<u8>(at++, 0x7d)
}

/** The line is complete, with its newline. */
export function endLine(): void {
  if (at - begin >= ENOUGH) handOver()
}

/** Gives the host what is gathered: before it writes anything itself. */
export function handOver(): void {
  const length = u32(at - begin)
  if (length == 0) return
  at = begin
  lines(begin, length)
}
