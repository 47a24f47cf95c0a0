import { HISTORY, HISTORY_BYTES, HISTORY_LENGTH, LETTERS_ROOM } from '../layout.ts'
import { forget, letter, moreLetters } from './host.ts'
import { allocate } from './memory.ts'
import type { Flow } from './row.ts'

/** Appends the upper-case letter `code` (a character code), in lower case when `server` is true. */
export function addLetter(flow: Flow, code: i32, server: bool): void {
  append(flow, server ? code | 0x20 : code)
}

export function append(flow: Flow, code: i32): void {
  const at = flow.address
  const length: usize = load<u8>(at, HISTORY_LENGTH)
  if (length == HISTORY_BYTES) {
    letter(flow.row, code)
    return
  }
  store<u8>(at + length, code, HISTORY)
  store<u8>(at, length + 1, HISTORY_LENGTH)
}

/** The letters that were gathered last, as many as there is room for. */
export const letters: usize = allocate(LETTERS_ROOM, 8)

/** All letters of a history; returns how many there are. */
export function gatherLetters(flow: Flow): u32 {
  const length: u32 = load<u8>(flow.address, HISTORY_LENGTH)
  memory.copy(letters, flow.address + HISTORY, HISTORY_BYTES)
  if (length < u32(HISTORY_BYTES)) return length
  return length + moreLetters(flow.row, letters + length, LETTERS_ROOM - length)
}

export function clearHistory(flow: Flow): void {
  if (load<u8>(flow.address, HISTORY_LENGTH) == HISTORY_BYTES) forget(flow.row)
}

/** G, T and W are written at the 1st, 10th, 100th … time. */
export function isTimeToWrite(count: u32): bool {
  let power: u64 = 1
  while (power < count) power *= 10
  return power == count
}
