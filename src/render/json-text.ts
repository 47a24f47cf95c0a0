const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000

/** `JSON.stringify` of a text, faster where nothing has to be escaped. */
export function quoted(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const surrogate = code >= FIRST_SURROGATE && code < AFTER_SURROGATES
    if (code < FIRST_PRINTABLE || code === QUOTE || code === BACKSLASH || surrogate)
      return JSON.stringify(text)
  }
  return `"${text}"`
}
