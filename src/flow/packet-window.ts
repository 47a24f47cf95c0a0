import type { FlowMemory } from './memory.ts'

/** What `engine/batch.ts` and `engine/records.ts` export for it. Addresses are offsets in the engine's memory. */
export interface WindowCalls {
  /** Room for so many packets; those that are there stay. */
  reserveRows(rows: number): void
  /** Room for so many bytes. */
  reserveBytes(bytes: number): void
  columnsAt(): number
  columnRows(): number
  bytesAt(): number
  byteCount(): number
  /** Where offset 0 of `start` is. */
  setBase(address: number): void
  walk(
    from: number,
    end: number,
    littleEndian: boolean,
    header: number,
    largest: number,
    nanosPerFraction: number,
    originSeconds: number,
    row: number,
    number: number,
  ): number
  /** Rows after `walk`. */
  walkedRows(): number
}

/** Packets as columns over one piece of memory; `PacketBatch` says what they are. */
export interface PacketColumns {
  readonly bytes: Uint8Array
  readonly start: Uint32Array
  readonly captured: Uint32Array
  readonly original: Uint32Array
  readonly time: Float64Array
  readonly iface: Uint16Array
  readonly number: Float64Array
}

/** Where the engine reads packets: columns, and room for bytes, in its own memory. Its views move with that. */
export class PacketWindow implements PacketColumns {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  start: Uint32Array = new Uint32Array(0)
  captured: Uint32Array = this.start
  original: Uint32Array = this.start
  time: Float64Array = new Float64Array(0)
  iface: Uint16Array = new Uint16Array(0)
  number: Float64Array = this.time
  private readonly memory: FlowMemory
  private readonly calls: WindowCalls

  constructor(memory: FlowMemory, calls: WindowCalls) {
    this.memory = memory
    this.calls = calls
    memory.bind(this)
  }

  rebind({ view: { buffer } }: FlowMemory): void {
    const { calls } = this
    const at = calls.columnsAt()
    const rows = calls.columnRows()
    const words = at + rows * 16
    this.time = new Float64Array(buffer, at, rows)
    this.number = new Float64Array(buffer, at + rows * 8, rows)
    this.start = new Uint32Array(buffer, words, rows)
    this.captured = new Uint32Array(buffer, words + rows * 4, rows)
    this.original = new Uint32Array(buffer, words + rows * 8, rows)
    this.iface = new Uint16Array(buffer, words + rows * 12, rows)
    this.bytes = new Uint8Array(buffer, calls.bytesAt(), calls.byteCount())
    this.view = new DataView(buffer, calls.bytesAt(), calls.byteCount())
  }

  /** At least so many rows; what is in them stays. */
  reserveRows(rows: number): void {
    if (rows <= this.time.length) return
    this.calls.reserveRows(rows)
    this.rebind(this.memory)
  }

  /** At least so many bytes; what is in them is lost when they have to move. */
  reserveBytes(bytes: number): void {
    if (bytes <= this.bytes.length) return
    this.calls.reserveBytes(bytes)
    this.rebind(this.memory)
  }

  /** Whether these are its own bytes, also through a view from before the memory grew. Nothing else is shared memory. */
  holds({ buffer, byteOffset }: Uint8Array): boolean {
    return buffer instanceof SharedArrayBuffer && byteOffset === this.bytes.byteOffset
  }

  /** Makes the first `count` packets those that `run` takes, copying what is elsewhere. */
  load(batch: PacketColumns, count: number): void {
    const low = this.holds(batch.bytes) ? 0 : this.copyBytes(batch, count)
    this.calls.setBase(this.calls.bytesAt() - low)
    if (batch.time === this.time) return
    this.reserveRows(count)
    this.time.set(batch.time.subarray(0, count))
    this.number.set(batch.number.subarray(0, count))
    this.start.set(batch.start.subarray(0, count))
    this.captured.set(batch.captured.subarray(0, count))
    this.original.set(batch.original.subarray(0, count))
    this.iface.set(batch.iface.subarray(0, count))
  }

  /** Copies what the packets span, and returns where that began. */
  private copyBytes({ bytes, start, captured }: PacketColumns, count: number): number {
    let low = start[0]!
    let high = low
    for (let i = 0; i < count; i++) {
      const from = start[i]!
      if (from < low) low = from
      if (from + captured[i]! > high) high = from + captured[i]!
    }
    this.reserveBytes(high - low)
    this.bytes.set(bytes.subarray(low, high))
    return low
  }
}
