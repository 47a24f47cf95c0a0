const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
const DELETE = 0x7f

/**
 * `JSON.stringify` in ASCII alone; what is parsed from it is the same. Text from the wire or from another process
 * could otherwise reach a terminal as a control character (DEL, C1) or hide and reorder the line (zero-width
 * characters, bidirectional overrides).
 */
export function asciiJson(value: object | string): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped)
}

/** A record as one line of NDJSON, with its newline. */
export function jsonLine(record: object): string {
  return `${asciiJson(record)}\n`
}

/** `asciiJson` of a text, faster where nothing has to be escaped. */
export function quoted(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < FIRST_PRINTABLE || code >= DELETE || code === QUOTE || code === BACKSLASH)
      return asciiJson(text)
  }
  return `"${text}"`
}

/** A UTF-16 unit; characters beyond the first 65,536 become two escapes, as JSON wants them (RFC 8259 section 7). */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
