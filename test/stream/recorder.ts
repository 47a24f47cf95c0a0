import { OVERLAP_POLICIES, type OverlapPolicy } from '../../src/stream/overlap.ts'
import { Reassembler, type ReassemblyOptions } from '../../src/stream/reassembler.ts'
import type { Stream, StreamSegment, StreamSink } from '../../src/stream/stream.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/tcp-bits.ts'

const FLAGS: Readonly<Record<string, number>> = { F: FIN, S: SYN, R: RST, P: PSH, '.': ACK }

export function segment(flags: string, fields: Partial<StreamSegment> & { text?: string }): StreamSegment {
  const { text = '', ...rest } = fields
  const bytes = new TextEncoder().encode(text)
  const bits = [...flags].reduce((sum, letter) => sum | FLAGS[letter]!, 0)
  const whole = { bytes, start: 0, captured: bytes.length, length: bytes.length }
  return { sequence: 0, acknowledgement: 0, time: 0, ...whole, ...rest, flags: bits }
}

/** Gathers what the client of one flow sent, and everything else that is said about it, a line each. */
export class Recorder implements StreamSink {
  /** What the client sent; a missing byte is not in it. */
  text = ''
  readonly lines: string[] = []
  readonly reassembler: Reassembler

  constructor(options: Partial<ReassemblyOptions> = {}) {
    this.reassembler = new Reassembler(this, { policy: 'first', ...options })
  }

  /** A segment of the client. */
  client(flags: string, sequence: number, text = '', more: Partial<StreamSegment> = {}): this {
    this.reassembler.segment(0, true, segment(flags, { sequence, text, ...more }))
    return this
  }

  /** An acknowledgement by the server. */
  server(acknowledgement: number, flags = '.', sequence = 9000): this {
    this.reassembler.segment(0, false, segment(flags, { sequence, acknowledgement }))
    return this
  }

  end(): this {
    this.reassembler.end(0, 0)
    return this
  }

  data(stream: Stream, offset: number, bytes: Uint8Array, start: number, length: number): void {
    const text = new TextDecoder('latin1').decode(bytes.subarray(start, start + length))
    if (stream.fromClient) this.text += text
    else this.lines.push(`server ${offset} ${text}`)
  }

  gap(_stream: Stream, offset: number, length: number, reason: string): void {
    this.lines.push(`gap ${offset}+${length} ${reason}`)
  }

  truncated(_stream: Stream, offset: number, length: number): void {
    this.lines.push(`truncated ${offset}+${length}`)
  }

  overlap(_stream: Stream, offset: number, length: number, same: boolean): void {
    this.lines.push(`overlap ${offset}+${length} ${same ? 'same' : 'different'}`)
  }

  late(_stream: Stream, offset: number, length: number): void {
    this.lines.push(`late ${offset}+${length}`)
  }

  stray(_stream: Stream, offset: number, length: number): void {
    this.lines.push(`stray ${offset}+${length}`)
  }
}

/** Every policy with the winner that each row of a table names for it: `o` is the stored copy, `n` the new one. */
export function winners(row: string): readonly (readonly [OverlapPolicy, string])[] {
  return OVERLAP_POLICIES.map((policy, i) => [policy, row.split(' ')[i]!] as const)
}
