/**
 * Text from the wire or from another process, made safe for a terminal: control characters (C0, DEL, C1),
 * bidirectional overrides and isolates, line and paragraph separators, zero-width and tag characters and lone
 * surrogates become visible `\u{…}` escapes, so that nothing can move the cursor, hide or reorder text.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }

export function sanitize(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => NAMED[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
}
