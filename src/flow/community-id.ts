import { sha1 } from './sha1.ts'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** Two letters for twelve bits. */
const PAIRS = Array.from({ length: 4096 }, (_, bits) => BASE64[bits >> 6]! + BASE64[bits & 63]!)
/** Made once, for both families: what is hashed. */
const SHORT = new Uint8Array(16)
const LONG = new Uint8Array(40)

/**
 * Community ID flow hash, version 1 with seed 0: `1:` and the base64 SHA-1 of seed, addresses, protocol and ports,
 * the lower endpoint first. ICMP's ports are its type and the type of the answer (or the code).
 *
 * `lower` and `upper` hold 4 words (IPv4 in the first) and must be in order already, as `FlowKey` has them.
 */
export function communityId(
  family: number,
  protocol: number,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  lowerPort: number,
  upperPort: number,
): string {
  const words = family === 6 ? 4 : 1
  const bytes = family === 6 ? LONG : SHORT
  for (let i = 0; i < words; i++) {
    put32(bytes, 2 + i * 4, lower[i]!)
    put32(bytes, 2 + (words + i) * 4, upper[i]!)
  }
  const at = 2 + words * 8
  bytes[at] = protocol
  put32(bytes, at + 2, (lowerPort << 16) | upperPort)
  return `1:${base64(sha1(bytes))}`
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Of the 20 bytes of a digest: seven groups, the last one byte short. */
function base64(digest: Uint8Array): string {
  let text = ''
  for (let i = 0; i < 18; i += 3) {
    const bits = (digest[i]! << 16) | (digest[i + 1]! << 8) | digest[i + 2]!
    text += PAIRS[bits >> 12]! + PAIRS[bits & 4095]!
  }
  const bits = (digest[18]! << 8) | digest[19]!
  return `${text}${PAIRS[bits >> 4]!}${BASE64[(bits << 2) & 63]!}=`
}
