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

/** A UTF-16 unit; characters beyond the first 65,536 become two escapes, as JSON wants them (RFC 8259 section 7). */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
