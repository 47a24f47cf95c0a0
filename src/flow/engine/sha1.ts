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
    const word = load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64)
    store<u32>(at, rotl<u32>(word, 1))
  }
  let a: u32 = 0x67452301
  let b: u32 = 0xefcdab89
  let c: u32 = 0x98badcfe
  let d: u32 = 0x10325476
  let e: u32 = 0xc3d2e1f0
  // Five rounds at a time: after them every word is in its own place again.
  for (let t: usize = 0; t < WORDS; t += 5) {
    const at = w + (t << 2)
    e += rotl<u32>(a, 5) + mixed(t, b, c, d) + load<u32>(at)
    b = rotl<u32>(b, 30)
    d += rotl<u32>(e, 5) + mixed(t, a, b, c) + load<u32>(at, 4)
    a = rotl<u32>(a, 30)
    c += rotl<u32>(d, 5) + mixed(t, e, a, b) + load<u32>(at, 8)
    e = rotl<u32>(e, 30)
    b += rotl<u32>(c, 5) + mixed(t, d, e, a) + load<u32>(at, 12)
    d = rotl<u32>(d, 30)
    a += rotl<u32>(b, 5) + mixed(t, c, d, e) + load<u32>(at, 16)
    c = rotl<u32>(c, 30)
  }
  store<u32>(digest, a + 0x67452301)
  store<u32>(digest, b + 0xefcdab89, 4)
  store<u32>(digest, c + 0x98badcfe, 8)
  store<u32>(digest, d + 0x10325476, 12)
  store<u32>(digest, e + 0xc3d2e1f0, 16)
}

/** RFC 3174 section 5: the function of round `t`, with its constant. */
function mixed(t: usize, b: u32, c: u32, d: u32): u32 {
  if (t < 20) return (d ^ (b & (c ^ d))) + 0x5a827999
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (t < 60) return ((b & c) | (d & (b | c))) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}
