/**
 * The Internet checksum (RFC 1071) and the pseudo headers over which TCP, UDP and ICMPv6 compute it.
 *
 * A wrong sum proves damage only for packets that came over a wire: those that this machine sent were captured
 * before the device filled the sum in (checksum offload), so nobody may call them bad.
 */

/** Sum of 16-bit words, added to `sum`; not folded. Exact up to 2^37 words. */
export function sumWords(view: DataView, offset: number, length: number, sum = 0): number {
  const even = offset + (length & ~1)
  let total = sum
  for (let at = offset; at < even; at += 2) total += view.getUint16(at)
  if ((length & 1) !== 0) total += view.getUint8(even) << 8
  return total
}

/** Folds the carries and complements: what goes into the header, or 0 over data with a correct sum in it. */
export function finishChecksum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}

/** Checksum of `length` bytes. 0 when they contain their own correct one. */
export function checksum(view: DataView, offset: number, length: number): number {
  return finishChecksum(sumWords(view, offset, length))
}

/**
 * Sum over the pseudo header, to begin `sumWords` with. Addresses are 4 words each, of which IPv4 (with the
 * others zero) needs the first: RFC 9293 section 3.1, RFC 8200 section 8.1.
 */
export function sumPseudoHeader(
  source: ArrayLike<number>,
  destination: ArrayLike<number>,
  protocol: number,
  length: number,
): number {
  let sum = protocol + (length >>> 16) + (length & 0xffff)
  for (let word = 0; word < 4; word++) {
    sum += (source[word]! >>> 16) + (source[word]! & 0xffff)
    sum += (destination[word]! >>> 16) + (destination[word]! & 0xffff)
  }
  return sum
}
