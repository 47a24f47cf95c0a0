import { KEY_BYTES, KEY_META, KEY_PORTS } from '../layout.ts'

/** Odd numbers without pattern, from the golden ratio and from xxHash. */
const FIRST: u64 = 0x9e3779b97f4a7c15
const SECOND: u64 = 0xc2b2ae3d27d4eb4f

/** By the word `KEY_META`: its addresses are in words 0 and 4, the others are 0. */
export function isIpv4(meta: u32): bool {
  return (meta & 0xff00) == 0x400
}

/** Every bit of the key reaches the low bits that index the table. */
export function hashOf(key: usize): u32 {
  const meta = load<u32>(key, KEY_META * 4)
  let hash: u64 = ((u64(load<u32>(key)) << 32) | load<u32>(key, 16)) * FIRST
  if (!isIpv4(meta)) {
    hash = (hash ^ (hash >>> 29) ^ load<u64>(key, 4)) * SECOND
    hash = (hash ^ (hash >>> 31) ^ load<u64>(key, 20)) * FIRST
    hash = (hash ^ (hash >>> 29) ^ ((u64(load<u32>(key, 12)) << 32) | load<u32>(key, 28))) * SECOND
  }
  hash = (hash ^ (hash >>> 32) ^ ((u64(meta) << 32) | load<u32>(key, KEY_PORTS * 4))) * SECOND
  return u32(hash >>> 32) ^ u32(hash)
}

export function isEqual(key: usize, other: usize): bool {
  const meta = load<u32>(key, KEY_META * 4)
  if (load<u64>(key, KEY_PORTS * 4) != load<u64>(other, KEY_PORTS * 4)) return false
  if (isIpv4(meta)) return load<u32>(key) == load<u32>(other) && load<u32>(key, 16) == load<u32>(other, 16)
  for (let at: usize = 0; at < 32; at += 8) if (load<u64>(key + at) != load<u64>(other + at)) return false
  return true
}

export function copyKey(to: usize, from: usize): void {
  memory.copy(to, from, KEY_BYTES)
}
