import { KEY_META, KEY_PORTS } from '../layout.ts'
import { isIpv4 } from './key.ts'
import type { Flow } from './row.ts'
import { sha1 } from './sha1.ts'

/** What is hashed, and the digest: words, and behind them zeros. */
const message: usize = memory.data(64, 8)
const digest: usize = memory.data(24, 8)
/** Base64: two letters for twelve bits. */
const pairs: usize = memory.data(4096 * 2, 2)
for (let bits = 0; bits < 4096; bits++)
  store<u16>(pairs + (bits << 1), u16(letterOf(bits >>> 6) | (letterOf(bits & 63) << 8)))

/** `1:`, and `=` behind the last. */
const VERSION = 0x3a31
const PADDING = 0x3d

/**
 * Community ID flow hash, version 1 with seed 0: `1:` and the base64 SHA-1 of seed, addresses, protocol and ports,
 * the lower endpoint first, as the key has them. ICMP's ports are its type and the type of the answer (or the code).
 * Writes its 30 letters, and up to two more.
 */
export function writeCommunityId(flow: Flow, to: usize): void {
  const key = flow.address
  const meta = load<u32>(key, KEY_META * 4)
  let at = message + 2
  if (isIpv4(meta)) {
    putWord(at, load<u32>(key))
    putWord(at + 4, load<u32>(key, 16))
    at += 8
  } else {
    for (let word: usize = 0; word < 32; word += 4) putWord(at + word, load<u32>(key + word))
    at += 32
  }
  store<u16>(at, meta & 0xff)
  putWord(at + 2, load<u32>(key, KEY_PORTS * 4))
  sha1(message, u32(at + 6 - message), digest)
  store<u16>(to, VERSION)
  putBase64(to + 2)
}

/** Of the 20 bytes of the digest: seven groups, the last one byte short. */
function putBase64(to: usize): void {
  const ab = load64(0)
  const cd = load64(8)
  const e: u64 = load<u32>(digest, 16)
  // 48 bits, eight letters, at a time.
  put48(to, ab >>> 16)
  put48(to + 8, ((ab << 32) & 0xffff00000000) | (cd >>> 32))
  put48(to + 16, ((cd & 0xffffffff) << 16) | (e >>> 16))
  store<u16>(to, pairOf(e >>> 4), 24)
  store<u16>(to, pairOf((e & 15) << 8), 26)
  store<u8>(to, PADDING, 27)
}

/** Two words of the digest. */
function load64(at: usize): u64 {
  return (u64(load<u32>(digest + at)) << 32) | load<u32>(digest + at, 4)
}

function put48(to: usize, bits: u64): void {
  const first = u64(pairOf(bits >>> 36)) | (u64(pairOf(bits >>> 24)) << 16)
  store<u64>(to, first | (u64(pairOf(bits >>> 12)) << 32) | (u64(pairOf(bits)) << 48))
}

/** Of the lowest twelve bits. */
function pairOf(bits: u64): u32 {
  return load<u16>(pairs + (usize(bits & 4095) << 1))
}

function putWord(at: usize, word: u32): void {
  store<u32>(at, bswap<u32>(word))
}

function letterOf(bits: i32): i32 {
  if (bits < 26) return 0x41 + bits
  if (bits < 52) return 0x61 + bits - 26
  if (bits < 62) return 0x30 + bits - 52
  return bits == 62 ? 0x2b : 0x2f
}
