import type { FlowView } from './flow-view.ts'

/**
 * Zeek's history letters: fixed bytes in the row, the rare longer history continued in a map. Upper case is the
 * client's, lower case the server's.
 */
export class Histories {
  private readonly overflow = new Map<number, string>()

  /** Appends the upper-case letter `code` (a character code), in lower case when `server` is true. */
  add(flow: FlowView, code: number, server: boolean): void {
    const letter = server ? code | 0x20 : code
    if (flow.addHistory(letter)) return
    const { overflow } = this
    overflow.set(flow.row, (overflow.get(flow.row) ?? '') + String.fromCharCode(letter))
  }

  /** The client and the server were taken for each other. */
  flip(flow: FlowView): void {
    flow.addHistory(FLIPPED)
  }

  text(flow: FlowView): string {
    return flow.history + (this.overflow.get(flow.row) ?? '')
  }

  clear(row: number): void {
    this.overflow.delete(row)
  }
}

const FLIPPED = 0x5e // ^
export const LETTER_SYN = 0x53 // S
export const LETTER_SYN_ACK = 0x48 // H
export const LETTER_ACK = 0x41 // A
export const LETTER_DATA = 0x44 // D
export const LETTER_FIN = 0x46 // F
export const LETTER_RST = 0x52 // R
export const LETTER_GAP = 0x47 // G
export const LETTER_REPEATED = 0x54 // T
export const LETTER_ZERO_WINDOW = 0x57 // W
export const LETTER_FIN_RST = 0x49 // I
export const LETTER_SYN_FIN_OR_RST = 0x51 // Q

/** G, T and W are written at the 1st, 10th, 100th … time. */
export function isTimeToWrite(count: number): boolean {
  let power = 1
  while (power < count) power *= 10
  return power === count
}
