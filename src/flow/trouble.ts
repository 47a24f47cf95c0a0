import { FlowMemory } from './memory.ts'

const NOTHING = new FlowMemory()

/** The rare counters of a direction (`trouble-words.ts`), where it has any: a view of the engine's memory. */
export class TroubleView {
  private words: Uint32Array = NOTHING.words

  constructor(memory: FlowMemory) {
    memory.bind(this)
  }

  rebind(memory: FlowMemory): void {
    this.words = memory.words
  }

  /** `row` is `SideView.trouble`: 0, where all are 0, until the first trouble. */
  get(row: number, word: number): number {
    return row === 0 ? 0 : this.words[row / 4 + word]!
  }

  /** A count of two words, low and high 32 bits. */
  large(row: number, word: number): number {
    return this.get(row, word) + this.get(row, word + 1) * 2 ** 32
  }
}
