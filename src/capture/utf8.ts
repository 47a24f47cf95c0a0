/** UTF-8 for the text options of pcapng: the core has no TextDecoder. */

const REPLACEMENT = 0xfffd

/** Bytes that are not UTF-8 become U+FFFD each; up to `to`, or to a zero byte, which some writers append. */
export function decodeUtf8(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to && bytes[at] !== 0; ) {
    const first = bytes[at]!
    const length =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    let point = length === 1 ? first : first & (0x7f >> length)
    let whole = length > 0 && at + length <= to
    for (let i = 1; whole && i < length; i++) {
      whole = (bytes[at + i]! & 0xc0) === 0x80
      point = (point << 6) | (bytes[at + i]! & 0x3f)
    }
    // Overlong forms, surrogates and numbers past the last plane are not UTF-8 (RFC 3629 section 3).
    whole &&= length < 3 || point >= (length === 3 ? 0x800 : 0x10000)
    whole &&= point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
    text += String.fromCodePoint(whole ? point : REPLACEMENT)
    at += whole ? length : 1
  }
  return text
}

/** Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    let point = character.codePointAt(0)!
    if (point >= 0xd800 && point <= 0xdfff) point = REPLACEMENT
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point))
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(point >> 6), tail(point))
    else bytes.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point))
  }
  return Uint8Array.from(bytes)
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f)
}
