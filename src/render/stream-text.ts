import type { GapReason } from '../stream/stream.ts'
import type { Style } from './style.ts'
import type { TimeFormat, TraceClock } from './time.ts'
import { count } from './units.ts'

export interface StreamTextFormat {
  readonly as: 'ascii' | 'hex'
  readonly style: Style
  readonly timeFormat: TimeFormat
}

/** The ends of a followed flow, as `address:port`. */
export interface StreamEnds {
  readonly client: string
  readonly server: string
}

/** Why bytes are not there. */
export const GAP_TEXT: Readonly<Record<GapReason, string>> = {
  acked: 'acknowledged by the receiver, not in the capture',
  fin: 'sent before a FIN that was acknowledged, not in the capture',
  limit: 'too much came after them to wait any longer',
  evicted: 'too much came in other streams to wait any longer',
  end: 'they never came',
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const DOT = 0x2e
const ROW_BYTES = 16
/** Every byte as a hex dump writes it, on its left and on its right side. */
const HEX = Array.from({ length: 256 }, (_, byte) => ` ${byte.toString(16).padStart(2, '0')}`)
const SHOWN = Array.from({ length: 256 }, (_, byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.'))

/**
 * The two streams of a flow as text that is safe for a terminal. A marker line stands where the direction changes
 * or bytes are missing; colour repeats what it says. No payload can imitate one: beyond ASCII all bytes are dots.
 */
export class StreamText {
  readonly #clock: TraceClock
  readonly #format: StreamTextFormat
  readonly #ends: StreamEnds
  #side: boolean | undefined
  #inLine = false

  constructor(clock: TraceClock, format: StreamTextFormat, ends: StreamEnds) {
    this.#clock = clock
    this.#format = format
    this.#ends = ends
  }

  /** `bytes` are the next of their direction, at `offset`; `time` counts from the trace's origin. */
  data(fromClient: boolean, offset: number, bytes: Uint8Array, time: number): string {
    const { as, style } = this.#format
    const before = this.#turnTo(fromClient, offset, time)
    const text = as === 'ascii' ? asciiText(bytes) : hexText(offset, bytes)
    this.#inLine = !text.endsWith('\n')
    return before + (fromClient ? style.info : style.good)(text)
  }

  /** Bytes that are not there, or not for certain: `what` says which and why. */
  remark(fromClient: boolean, offset: number, length: number, what: string, time: number): string {
    const before = this.#turnTo(fromClient, offset, time) + this.#endLine()
    return `${before}${this.#format.style.warn(`── ${count(length, 'byte')} at byte ${offset}: ${what}`)}\n`
  }

  /** Ends the last line. */
  end(): string {
    return this.#endLine()
  }

  #turnTo(fromClient: boolean, offset: number, time: number): string {
    if (this.#side === fromClient) return ''
    this.#side = fromClient
    const { style, timeFormat } = this.#format
    const { client, server } = this.#ends
    const who = fromClient ? `client ${client} → ${server}` : `server ${server} → ${client}`
    const marker = `── ${who}  ${this.#clock.text(time, timeFormat)}  byte ${offset}`
    return `${this.#endLine()}${style.dim(marker)}\n`
  }

  #endLine(): string {
    if (!this.#inLine) return ''
    this.#inLine = false
    return '\n'
  }
}

/** Printable ASCII and newlines; CR LF is a newline, every other byte a dot. */
function asciiText(bytes: Uint8Array): string {
  const shown = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === RETURN && bytes[i + 1] === NEWLINE) continue
    shown[length++] = byte === NEWLINE || isPrintable(byte) ? byte : DOT
  }
  return shown.toString('latin1', 0, length)
}

/** Rows of 16 bytes, each with the offset of its first one in the stream. */
function hexText(offset: number, bytes: Uint8Array): string {
  let text = ''
  for (let row = 0; row < bytes.length; row += ROW_BYTES) {
    const end = Math.min(row + ROW_BYTES, bytes.length)
    let hex = ''
    let shown = ''
    for (let i = row; i < end; i++) {
      if (i === row + ROW_BYTES / 2) hex += ' '
      hex += HEX[bytes[i]!]!
      shown += SHOWN[bytes[i]!]!
    }
    text += `${(offset + row).toString(16).padStart(8, '0')} ${hex.padEnd(ROW_BYTES * 3 + 1)}  ${shown}\n`
  }
  return text
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f
}
