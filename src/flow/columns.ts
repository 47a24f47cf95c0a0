import { KEY_WORDS } from './key.ts'

/** Bytes of history kept in the row itself; longer ones continue in a map beside the table. */
export const HISTORY_BYTES = 14

/** One value a flow. Rows are reused; `serial` is not. */
export class FlowColumns {
  key: Uint32Array
  hash: Uint32Array
  /** Order of the flow's first packet, from 0: the id that users see. */
  serial: Uint32Array
  /** Neighbours in the list that the row is on (`lists.ts`), or in the free list. */
  before: Int32Array
  after: Int32Array
  list: Uint8Array
  /** Index of the interface of the first packet. */
  iface: Uint16Array
  /** Direction (0 or 1) of the client's packets. */
  client: Uint8Array
  /** FLOW_ bits of `marks.ts`. */
  marks: Uint16Array
  /** Direction of the first FIN plus 1, or 0. */
  closer: Uint8Array
  /** Index into `icmp-error.ts` of the error that ended the attempt plus 1, or 0. */
  icmpError: Uint8Array
  /** Time of the first packet, nanoseconds. */
  start: Float64Array
  /** Times of the latest SYN and SYN+ACK before the third ACK, and of that. */
  synTime: Float64Array
  synAckTime: Float64Array
  ackTime: Float64Array
  /** Time of the latest step of the close. */
  closeTime: Float64Array
  history: Uint8Array
  historyLength: Uint8Array

  constructor(rows: number) {
    this.key = new Uint32Array(rows * KEY_WORDS)
    this.hash = new Uint32Array(rows)
    this.serial = new Uint32Array(rows)
    this.before = new Int32Array(rows)
    this.after = new Int32Array(rows)
    this.list = new Uint8Array(rows)
    this.iface = new Uint16Array(rows)
    this.client = new Uint8Array(rows)
    this.marks = new Uint16Array(rows)
    this.closer = new Uint8Array(rows)
    this.icmpError = new Uint8Array(rows)
    this.start = new Float64Array(rows)
    this.synTime = new Float64Array(rows)
    this.synAckTime = new Float64Array(rows)
    this.ackTime = new Float64Array(rows)
    this.closeTime = new Float64Array(rows)
    this.history = new Uint8Array(rows * HISTORY_BYTES)
    this.historyLength = new Uint8Array(rows)
  }
}

/**
 * Two values a flow, one for each direction: what the endpoint that sends in it has done.
 * Index = row * 2 + direction. "Its peer" is the other endpoint.
 */
export class SideColumns {
  packets: Uint32Array
  /** Payload bytes sent, repeated ones included. */
  wireBytes: Float64Array
  /** Time of the latest packet, nanoseconds. */
  lastTime: Float64Array
  /** SIDE_ bits of `marks.ts`. */
  marks: Uint16Array

  // The state machine (`observer.ts`).
  proven: Uint8Array
  expected: Uint8Array
  /** Initial sequence number; where no SYN was seen, one before the first number seen. */
  initial: Uint32Array
  /** Sequence number of the FIN. */
  finSequence: Uint32Array
  synCount: Uint16Array
  synAckCount: Uint16Array
  /** From the SYN: maximum segment size, OPTION_ bits of `marks.ts`. */
  mss: Uint16Array
  options: Uint8Array
  /** Shift offered plus 1, 0 for none. */
  scaleOffer: Uint8Array
  /** Shift in use; `SCALE_UNKNOWN` or `SCALE_NONE` of `analysis.ts`. */
  scale: Int8Array
  /** Largest window advertised, scaled, bytes. */
  maxWindow: Uint32Array

  // Segment analysis (`analysis.ts`).
  /** After the highest byte sent; 0 is unknown. */
  next: Uint32Array
  /** Time of the segment that moved `next`. */
  nextTime: Float64Array
  /** End of the contiguous part of what was sent. */
  contiguous: Uint32Array
  /** Acknowledgement number and window of the latest segment it sent. */
  lastAck: Uint32Array
  window: Uint16Array
  /** Duplicate ACKs in a row, or `TOLD` of `analysis.ts`. */
  dupAcks: Int32Array
  lastAnomalies: Uint16Array
  /** Row of the rare counters (`trouble.ts`), 0 while there are none. */
  trouble: Uint32Array

  // Round trips (`rtt.ts`): outstanding segments, then samples in nanoseconds.
  oldest: Int32Array
  newest: Int32Array
  outstanding: Uint16Array
  rttSamples: Uint32Array
  rttMin: Float32Array
  rttMax: Float32Array
  rttMean: Float64Array
  /** Sum of squared distances from the mean (Welford). */
  rttSquares: Float64Array

  // Zeek's view (`zeek.ts`): endpoint state, letters given, highest number sent and highest the peer acknowledged.
  zeekState: Uint8Array
  zeekBefore: Uint8Array
  letters: Uint8Array
  zeekLast: Uint32Array
  acked: Uint32Array
  /** How often each of the two has passed 2^32. */
  lastWraps: Uint8Array
  ackedWraps: Uint8Array

  constructor(rows: number) {
    const n = rows * 2
    this.packets = new Uint32Array(n)
    this.wireBytes = new Float64Array(n)
    this.lastTime = new Float64Array(n)
    this.marks = new Uint16Array(n)
    this.proven = new Uint8Array(n)
    this.expected = new Uint8Array(n)
    this.initial = new Uint32Array(n)
    this.finSequence = new Uint32Array(n)
    this.synCount = new Uint16Array(n)
    this.synAckCount = new Uint16Array(n)
    this.mss = new Uint16Array(n)
    this.options = new Uint8Array(n)
    this.scaleOffer = new Uint8Array(n)
    this.scale = new Int8Array(n)
    this.maxWindow = new Uint32Array(n)
    this.next = new Uint32Array(n)
    this.nextTime = new Float64Array(n)
    this.contiguous = new Uint32Array(n)
    this.lastAck = new Uint32Array(n)
    this.window = new Uint16Array(n)
    this.dupAcks = new Int32Array(n)
    this.lastAnomalies = new Uint16Array(n)
    this.trouble = new Uint32Array(n)
    this.oldest = new Int32Array(n)
    this.newest = new Int32Array(n)
    this.outstanding = new Uint16Array(n)
    this.rttSamples = new Uint32Array(n)
    this.rttMin = new Float32Array(n)
    this.rttMax = new Float32Array(n)
    this.rttMean = new Float64Array(n)
    this.rttSquares = new Float64Array(n)
    this.zeekState = new Uint8Array(n)
    this.zeekBefore = new Uint8Array(n)
    this.letters = new Uint8Array(n)
    this.zeekLast = new Uint32Array(n)
    this.acked = new Uint32Array(n)
    this.lastWraps = new Uint8Array(n)
    this.ackedWraps = new Uint8Array(n)
  }
}

type TypedArray =
  | Uint8Array
  | Int8Array
  | Int8Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

/** Copies every column of `from` into the beginning of `to`'s. */
export function copyColumns<T extends FlowColumns | SideColumns>(from: T, to: T): void {
  const source = Object.values(from) as TypedArray[]
  const target = Object.values(to) as TypedArray[]
  source.forEach((column, index) => {
    target[index]!.set(column)
  })
}

/** Sets one row of every column to 0; `rows` is how many rows the columns have. */
export function clearRow(columns: FlowColumns | SideColumns, row: number, rows: number): void {
  for (const column of Object.values(columns) as TypedArray[]) {
    const width = column.length / rows
    column.fill(0, row * width, (row + 1) * width)
  }
}
