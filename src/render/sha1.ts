const BLOCK_BYTES = 64
const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
/** Made once: what `sha1` works in. */
const state = new Int32Array(5)
const block = new Uint8Array(BLOCK_BYTES)
const blockView = new DataView(block.buffer)
const w = new Int32Array(80)

/** SHA-1 (RFC 3174), for identifiers that are defined by it; not for security. Returns 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  const { length } = message
  state.set(INITIAL)
  // The message, a 1 bit, zeros, and its length in bits: whole blocks.
  const end = ((length + 8) >> 6) * BLOCK_BYTES
  for (let at = 0; at <= end; at += BLOCK_BYTES) {
    for (let i = 0; i < BLOCK_BYTES; i++) block[i] = at + i < length ? message[at + i]! : 0
    if (length >= at && length < at + BLOCK_BYTES) block[length - at] = 0x80
    if (at === end) {
      blockView.setUint32(56, Math.floor(length / 2 ** 29))
      blockView.setUint32(60, length << 3)
    }
    compress()
  }
  const digest = new Uint8Array(20)
  for (let i = 0; i < 20; i++) digest[i] = state[i >> 2]! >>> (24 - 8 * (i & 3))
  return digest
}

/** RFC 3174 section 6.1: one block. */
function compress(): void {
  for (let t = 0; t < 16; t++) w[t] = blockView.getInt32(t * 4)
  for (let t = 16; t < 80; t++) w[t] = rotate(w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!, 1)
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  for (let t = 0; t < 80; t++) {
    let mixed = 0
    if (t < 20) mixed = (d ^ (b & (c ^ d))) + 0x5a827999
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1
    else if (t < 60) mixed = ((b & c) | (d & (b | c))) + 0x8f1bbcdc
    else mixed = (b ^ c ^ d) + 0xca62c1d6
    const next = (rotate(a, 5) + (mixed | 0) + e + w[t]!) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = next
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
