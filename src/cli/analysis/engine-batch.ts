import { PacketBatch, type RecordRun, type Space } from '../../capture/batch.ts'
import type { FlowEngine } from '../../flow/engine.ts'

/** A batch in the engine's memory: its columns always, its packets where a file is read straight into it. */
export class EngineBatch extends PacketBatch {
  readonly #engine: FlowEngine
  /** `bytes` is the engine's: it has to follow when that moves. */
  #isInPlace = false

  constructor(engine: FlowEngine) {
    super(0)
    this.#engine = engine
    engine.window.reserveRows(4096)
    engine.memory.bind(this)
  }

  rebind(): void {
    const { window } = this.#engine
    this.start = window.start
    this.captured = window.captured
    this.original = window.original
    this.time = window.time
    this.iface = window.iface
    this.number = window.number
    if (!this.#isInPlace) return
    this.bytes = window.bytes
    this.view = window.view
  }

  override reset(bytes: Uint8Array, view: DataView): void {
    super.reset(bytes, view)
    this.#isInPlace = this.#engine.window.holds(bytes)
  }

  override space(bytes: number): Space {
    const { window } = this.#engine
    window.reserveBytes(bytes)
    return window
  }

  override walk(run: RecordRun): number {
    if (!this.#isInPlace) return run.from
    const { calls, memory, window } = this.#engine
    const { from, end, littleEndian, header, largest, nanosPerFraction, originSeconds } = run
    const at = calls.bytesAt()
    const stopped = calls.walk(
      at + from,
      at + end,
      littleEndian,
      header,
      largest,
      nanosPerFraction,
      originSeconds,
      this.count,
      this.pushed,
    )
    this.pushed += calls.walkedRows() - this.count
    this.count = calls.walkedRows()
    window.rebind(memory)
    this.rebind()
    return stopped - at
  }

  protected override grow(): void {
    this.#engine.window.reserveRows(this.start.length * 2)
    this.rebind()
  }
}
