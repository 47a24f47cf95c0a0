const WORDS: usize = 80
/** The block, 16 words, and what they are stretched to. */
const w: usize = memory.data(WORDS * 4, 8)

/**
 * SHA-1 (RFC 3174), for identifiers that are defined by it; not for security. Of a message that fits into one block:
 * 55 bytes at most, which are readable to the 64th. The digest's five words go to `digest`, in the machine's order.
 */
export function sha1(message: usize, length: u32, digest: usize): void {
  for (let at: usize = 0; at < 64; at += 4) store<u32>(w + at, bswap<u32>(load<u32>(message + at)))
  // The message, a 1 bit, zeros, and its length in bits.
  const last = length & ~3
  const bits = (length & 3) << 3
  const kept: u32 = bits == 0 ? 0 : load<u32>(w + last) & (u32.MAX_VALUE << (32 - bits))
  store<u32>(w + last, kept | (0x80000000 >>> bits))
  for (let at: usize = last + 4; at < 60; at += 4) store<u32>(w + at, 0)
  store<u32>(w, length << 3, 60)
  compress(digest)
}

/** RFC 3174 section 6.1: one block. */
function compress(digest: usize): void {
  for (let at = w + 64; at < w + WORDS * 4; at += 4) {
    const mixed = load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64)
    store<u32>(at, rotl<u32>(mixed, 1))
  }
  let a: u32 = 0x67452301
  let b: u32 = 0xefcdab89
  let c: u32 = 0x98badcfe
  let d: u32 = 0x10325476
  let e: u32 = 0xc3d2e1f0
  let next: u32 = 0
  for (let t: usize = 0; t < WORDS; t++) {
    let mixed: u32 = 0
    if (t < 20) mixed = (d ^ (b & (c ^ d))) + 0x5a827999
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1
    else if (t < 60) mixed = ((b & c) | (d & (b | c))) + 0x8f1bbcdc
    else mixed = (b ^ c ^ d) + 0xca62c1d6
    next = rotl<u32>(a, 5) + mixed + e + load<u32>(w + (t << 2))
    e = d
    d = c
    c = rotl<u32>(b, 30)
    b = a
    a = next
  }
  store<u32>(digest, a + 0x67452301)
  store<u32>(digest, b + 0xefcdab89, 4)
  store<u32>(digest, c + 0x98badcfe, 8)
  store<u32>(digest, d + 0x10325476, 12)
  store<u32>(digest, e + 0xc3d2e1f0, 16)
}
