/** Comments of one packet; a file with more is not meant for people. */
const MAX_COMMENTS = 1000

/** Bytes on the wire that damaged records may name, as Wireshark 4.0 has it: further on they are signed 32-bit numbers. */
const MOST_ORIGINAL = 2 ** 31 - 1

/** Records of a pcap file, side by side in the memory that `PacketBatch.space` gave. */
export interface RecordRun {
  readonly from: number
  readonly end: number
  readonly littleEndian: boolean
  /** Bytes before a packet. */
  readonly header: number
  /** More bytes than this no packet has. */
  readonly largest: number
  readonly nanosPerFraction: number
  readonly originSeconds: number
}

/** A piece of memory, and the same as a `DataView`; both begin at offset 0. */
export interface Space {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * Packets of one read, as columns over one piece of memory (a ring block, a file chunk).
 *
 * Borrowed: everything in it is valid until the next `read()` of the source that filled it.
 * Whoever keeps bytes copies them before that.
 */
export class PacketBatch {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  count = 0
  /** Offset of the first captured byte in `bytes`. */
  start: Uint32Array
  /** Captured length, bytes. */
  captured: Uint32Array
  /** Length on the wire, bytes; at least `captured`. */
  original: Uint32Array
  /** Nanoseconds since the source's `originSeconds`: exact in a double for 104 days. */
  time: Float64Array
  /** Index into the source's `interfaces`. */
  iface: Uint16Array
  /** 1-based number of the packet in the capture, counted over all batches, whatever is filtered out later. */
  number: Float64Array
  /** Whether `commentsOf` will be asked: without it no file's comments are read. */
  keepsComments = false
  /** By the packet's number, which stays the same when rows move. */
  readonly #comments = new Map<number, string[]>()
  protected pushed = 0

  constructor(capacity = 4096) {
    this.start = new Uint32Array(capacity)
    this.captured = new Uint32Array(capacity)
    this.original = new Uint32Array(capacity)
    this.time = new Float64Array(capacity)
    this.iface = new Uint16Array(capacity)
    this.number = new Float64Array(capacity)
  }

  /** Points the batch at another piece of memory and empties it. */
  reset(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes
    this.view = view
    this.count = 0
    if (this.#comments.size > 0) this.#comments.clear()
  }

  /** Appends one packet; the columns grow by doubling. No packet is taken for longer than `MOST_ORIGINAL`. */
  push(start: number, captured: number, original: number, time: number, iface: number): void {
    const row = this.count
    if (row === this.start.length) this.grow()
    this.start[row] = start
    this.captured[row] = captured
    this.original[row] = Math.min(original, MOST_ORIGINAL)
    this.time[row] = time
    this.iface[row] = iface
    this.number[row] = ++this.pushed
    this.count = row + 1
  }

  /** Adds a comment to the packet pushed last. */
  comment(text: string): void {
    const comments = this.#comments.get(this.pushed)
    if (comments === undefined) this.#comments.set(this.pushed, [text])
    else if (comments.length < MAX_COMMENTS) comments.push(text)
  }

  /** What the file says of the packet in `row`, in its words; `undefined` when it says nothing. */
  commentsOf(row: number): readonly string[] | undefined {
    return this.#comments.get(this.number[row]!)
  }

  /** Gives the next number to a record that is no packet. */
  passOver(): void {
    this.pushed++
  }

  /**
   * Memory of at least so many bytes that the packets may be read into, where whoever analyses them need not copy them;
   * what is in it stays, also when it grows. Borrowed until the next call. `undefined` where there is none of this kind.
   */
  space(_bytes: number): Space | undefined {
    return undefined
  }

  /** Appends the packets of plain records as far as it can; returns where the first is that it left. */
  walk({ from }: RecordRun): number {
    return from
  }

  protected grow(): void {
    const capacity = this.start.length * 2
    const grown = <T extends Uint32Array | Float64Array | Uint16Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.start = grown(new Uint32Array(capacity), this.start)
    this.captured = grown(new Uint32Array(capacity), this.captured)
    this.original = grown(new Uint32Array(capacity), this.original)
    this.time = grown(new Float64Array(capacity), this.time)
    this.iface = grown(new Uint16Array(capacity), this.iface)
    this.number = grown(new Float64Array(capacity), this.number)
  }
}
