import type { FlowView } from './flow-view.ts'

/**
 * Zeek's history letters: fixed bytes in the row, the rare longer history continued in a map. Upper case is the
 * client's, lower case the server's.
 */
export class Histories {
  private readonly overflow = new Map<number, string>()

  /** Appends a letter for which the row has no room. */
  add(row: number, code: number): void {
    const { overflow } = this
    overflow.set(row, (overflow.get(row) ?? '') + String.fromCharCode(code))
  }

  text(flow: FlowView): string {
    return flow.history + this.more(flow.row)
  }

  /** The letters for which the row has no room. */
  more(row: number): string {
    return this.overflow.get(row) ?? ''
  }

  clear(row: number): void {
    this.overflow.delete(row)
  }
}
