/** Bytes of a flow's row: 128 of the flow (`flow-view.ts`), then 128 for each direction (`side-view.ts`). */
export const ROW_BYTES = 384
export const ROW_WORDS = ROW_BYTES / 4
export const SIDES_OFFSET = 128
export const SIDE_BYTES = 128

/** What stands on rows of the memory and has to follow when that moves. */
interface View {
  rebind(memory: FlowMemory): void
}

/**
 * The rows of the flow table, one record after the other in one piece of memory, seen as numbers of each width.
 *
 * A row and not a column for each fact: a packet needs some thirty facts of one flow, and a row keeps them in six
 * cache lines. With columns a packet took a fifth longer at 1 500 flows in turn (measured).
 * It grows by doubling: all views of it move along.
 */
export class FlowMemory {
  /** How many there is room for. */
  rows: number
  bytes: Uint8Array
  halves: Uint16Array
  words: Uint32Array
  floats: Float32Array
  doubles: Float64Array
  private readonly views: View[] = []

  constructor(rows: number) {
    this.rows = rows
    this.bytes = new Uint8Array(rows * ROW_BYTES)
    const { buffer } = this.bytes
    this.halves = new Uint16Array(buffer)
    this.words = new Uint32Array(buffer)
    this.floats = new Float32Array(buffer)
    this.doubles = new Float64Array(buffer)
  }

  /** Binds the view now and each time that the memory moves. */
  bind(view: View): void {
    this.views.push(view)
    view.rebind(this)
  }

  clear(row: number): void {
    this.doubles.fill(0, (row * ROW_BYTES) / 8, ((row + 1) * ROW_BYTES) / 8)
  }

  /** Twice the rows. */
  grow(): void {
    const larger = new FlowMemory(this.rows * 2)
    larger.doubles.set(this.doubles)
    this.rows = larger.rows
    this.bytes = larger.bytes
    this.halves = larger.halves
    this.words = larger.words
    this.floats = larger.floats
    this.doubles = larger.doubles
    for (const view of this.views) view.rebind(this)
  }
}
