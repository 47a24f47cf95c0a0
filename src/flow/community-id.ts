import { sha1 } from './sha1.ts'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

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
  const bytes = new Uint8Array(8 + words * 8)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < words; i++) {
    view.setUint32(2 + i * 4, lower[i]!)
    view.setUint32(2 + (words + i) * 4, upper[i]!)
  }
  const at = 2 + words * 8
  view.setUint8(at, protocol)
  view.setUint16(at + 2, lowerPort)
  view.setUint16(at + 4, upperPort)
  return `1:${base64(sha1(bytes))}`
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += BASE64[bits >> 18]! + BASE64[(bits >> 12) & 63]!
    text += left > 1 ? BASE64[(bits >> 6) & 63]! : '='
    text += left > 2 ? BASE64[bits & 63]! : '='
  }
  return text
}
