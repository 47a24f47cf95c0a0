import type { DiagRows } from '../sockets/diag-rows.ts'
import { InetRow } from '../sockets/inet-row.ts'
import { isStream, STATE_COUNT, stateName } from '../sockets/sock-diag.ts'
import type { Netid } from '../sockets/socket.ts'
import { ByteArena, decimalLength, ipv4Length } from './byte-lines.ts'

export interface LinesTable {
  readonly netid: Netid
  readonly rows: DiagRows
}

/** What is shown: each line is a row of one of the tables; `order` says which line comes when. */
export interface Lines {
  readonly tables: readonly LinesTable[]
  readonly table: Uint8Array
  readonly row: Uint32Array
  readonly order: Uint32Array
}

export interface LinesText {
  /** An end that is not a plain IPv4 address and port, as `endpointText` writes it; ASCII. */
  readonly endpoint: (table: LinesTable, row: number, side: 'local' | 'remote') => string
  /** The owners of an inode as `processText` writes them; `undefined` when the column is not shown. */
  readonly process: ((inode: number) => string) | undefined
}

/** The same columns, gaps and cut-off spaces as `writeColumns` over the default columns, without a width. */
const HEADERS = ['Netid', 'State', 'Recv-Q', 'Send-Q', 'Local', 'Peer', 'Process'] as const
const GAP = 2
const COLON = 0x3a
const STAR = 0x2a
const NEWLINE = 0x0a
/** Longer than any line without its process. */
const LINE_ROOM = 1024
const FLUSH_AT = 1 << 16

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** Names of states as bytes, by number. */
const [STREAM_STATES, OTHER_STATES] = [true, false].map((stream) =>
  Array.from({ length: STATE_COUNT }, (_, state) => ascii(stateName(state, stream) ?? '')),
) as [Uint8Array[], Uint8Array[]]

/** In place of a position in `#ends`. */
const NO_TEXT = 0xffffffff

/**
 * Writes a long listing in two passes: what is shown is copied into columns while the rows are read in the order of
 * their memory, and the widths are measured; then the lines are written in theirs. No object or string is made for an
 * IPv4 row. 200 000 sockets take 0.1 s, as records 1.2 s.
 */
export class SocketLines {
  readonly #lines: Lines
  readonly #text: LinesText
  readonly #header: boolean
  readonly #row = new InetRow()
  /** Columns by line. */
  readonly #states: Uint8Array
  readonly #receive: Uint32Array
  readonly #send: Uint32Array
  readonly #inodes: Uint32Array
  /** For both ends of each line: an IPv4 address and its port, or a text's place in `#ends` and its length. */
  readonly #words: Uint32Array
  readonly #ports: Uint16Array
  readonly #starts: Uint32Array
  readonly #ends = new ByteArena()
  readonly #widths: number[]
  #lastNetid: Netid | undefined
  #netidBytes = new Uint8Array(0)

  constructor(lines: Lines, header: boolean, text: LinesText) {
    this.#lines = lines
    this.#text = text
    this.#header = header
    const count = lines.row.length
    this.#states = new Uint8Array(count)
    this.#receive = new Uint32Array(count)
    this.#send = new Uint32Array(count)
    this.#inodes = new Uint32Array(count)
    this.#words = new Uint32Array(2 * count)
    this.#ports = new Uint16Array(2 * count)
    this.#starts = new Uint32Array(2 * count).fill(NO_TEXT)
    this.#widths = HEADERS.map((name) => (header ? name.length : 0))
  }

  /** Hands over the lines in chunks, borrowed for the call. */
  write(write: (bytes: Uint8Array) => void): void {
    this.#measure()
    const out = new ByteArena()
    if (this.#header) this.#writeHeader(out)
    for (const line of this.#lines.order) {
      out.reserve(LINE_ROOM)
      this.#writeLine(out, line)
      if (out.length < FLUSH_AT) continue
      write(out.bytes.subarray(0, out.length))
      out.length = 0
    }
    if (out.length > 0) write(out.bytes.subarray(0, out.length))
  }

  #measure(): void {
    const { tables, table, row } = this.#lines
    const widths = this.#widths
    const view = this.#row
    for (let line = 0; line < row.length; line++) {
      const of = tables[table[line]!]!
      view.at(of.rows, row[line]!)
      this.#states[line] = view.state
      this.#receive[line] = view.receiveQueue
      this.#send[line] = view.sendQueue
      this.#inodes[line] = view.inode
      widths[0] = Math.max(widths[0]!, of.netid.length)
      widths[1] = Math.max(widths[1]!, stateBytes(of, view.state).length)
      widths[2] = Math.max(widths[2]!, decimalLength(view.receiveQueue))
      widths[3] = Math.max(widths[3]!, decimalLength(view.sendQueue))
      widths[4] = Math.max(widths[4]!, this.#end(of, row[line]!, 2 * line))
      widths[5] = Math.max(widths[5]!, this.#end(of, row[line]!, 2 * line + 1))
    }
  }

  #netid(netid: Netid): Uint8Array {
    if (netid !== this.#lastNetid) {
      this.#lastNetid = netid
      this.#netidBytes = ascii(netid)
    }
    return this.#netidBytes
  }

  /** Keeps an end; its width. */
  #end(table: LinesTable, row: number, index: number): number {
    const view = this.#row
    const local = index % 2 === 0
    if (view.ipv4 && !(local && view.interface !== 0)) {
      const word = local ? view.sourceWord(0) : view.destinationWord(0)
      const port = local ? view.sourcePort : view.destinationPort
      this.#words[index] = word
      this.#ports[index] = port
      return ipv4Length(word) + 1 + decimalLength(port)
    }
    const text = this.#text.endpoint(table, row, local ? 'local' : 'remote')
    this.#starts[index] = this.#ends.length
    this.#words[index] = text.length
    this.#ends.text(text)
    return text.length
  }

  #writeHeader(out: ByteArena): void {
    const shown = this.#text.process === undefined ? HEADERS.slice(0, -1) : HEADERS
    let line = ''
    for (const [column, header] of shown.entries()) {
      const right = column === 2 || column === 3
      const width = this.#widths[column]!
      const cell = right ? header.padStart(width) : header.padEnd(width)
      line += column === 0 ? cell : ' '.repeat(GAP) + cell
    }
    out.text(line.trimEnd())
    out.byte(NEWLINE)
  }

  #writeLine(out: ByteArena, line: number): void {
    const table = this.#lines.tables[this.#lines.table[line]!]!
    const widths = this.#widths
    word(out, this.#netid(table.netid), widths[0]! + GAP)
    word(out, stateBytes(table, this.#states[line]!), widths[1]! + GAP)
    rightAligned(out, this.#receive[line]!, widths[2]!)
    rightAligned(out, this.#send[line]!, GAP + widths[3]!)
    out.spaces(GAP)
    const local = this.#writeEnd(out, 2 * line)
    out.spaces(widths[4]! - local + GAP)
    const remote = this.#writeEnd(out, 2 * line + 1)
    const owners = this.#text.process?.(this.#inodes[line]!) ?? ''
    if (owners !== '') {
      out.spaces(widths[5]! - remote + GAP)
      out.text(owners)
    }
    out.reserve(1)
    out.byte(NEWLINE)
  }

  /** Letters that were written. */
  #writeEnd(out: ByteArena, index: number): number {
    const before = out.length
    const start = this.#starts[index]!
    const word = this.#words[index]!
    if (start !== NO_TEXT) out.copy(this.#ends.bytes, start, start + word)
    else {
      out.ipv4(word)
      out.byte(COLON)
      if (this.#ports[index] === 0) out.byte(STAR)
      else out.decimal(this.#ports[index]!)
    }
    return out.length - before
  }
}

function stateBytes({ netid }: LinesTable, state: number): Uint8Array {
  return (isStream(netid) ? STREAM_STATES : OTHER_STATES)[state]!
}

function word(out: ByteArena, bytes: Uint8Array, width: number): void {
  out.copy(bytes, 0, bytes.length)
  out.spaces(width - bytes.length)
}

function rightAligned(out: ByteArena, value: number, width: number): void {
  out.spaces(width - decimalLength(value))
  out.decimal(value)
}
