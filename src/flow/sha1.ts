/** SHA-1 (RFC 3174), for identifiers that are defined by it; not for security. Returns 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  // The message, a 1 bit, zeros, and its length in bits: whole blocks of 64 bytes.
  const padded = new Uint8Array(((message.length + 8) >> 6) * 64 + 64)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29))
  view.setUint32(padded.length - 4, message.length << 3)

  state.set(INITIAL)
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(block + t * 4)
    for (let t = 16; t < 80; t++) w[t] = rotate(w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!, 1)
    compress()
  }
  const digest = new Uint8Array(20)
  const out = new DataView(digest.buffer)
  for (let word = 0; word < 5; word++) out.setInt32(word * 4, state[word]!)
  return digest
}

const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
/** Made once: what `sha1` works in. */
const state = new Int32Array(5)
const w = new Int32Array(80)

function compress(): void {
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  for (let t = 0; t < 80; t++) {
    const next = (rotate(a, 5) + mixed(t, b, c, d) + e + w[t]!) | 0
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

/** RFC 3174 section 5: the function of round `t` plus its constant. */
function mixed(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (((b & c) | (~b & d)) + 0x5a827999) | 0
  if (t < 40) return ((b ^ c ^ d) + 0x6ed9eba1) | 0
  if (t < 60) return (((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc) | 0
  return ((b ^ c ^ d) + 0xca62c1d6) | 0
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
