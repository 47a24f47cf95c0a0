import { HISTORY, HISTORY_BYTES, HISTORY_LENGTH } from '../layout.ts'
import { forget, letter } from './host.ts'
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

export function clearHistory(flow: Flow): void {
  if (load<u8>(flow.address, HISTORY_LENGTH) == HISTORY_BYTES) forget(flow.row)
}

/** G, T and W are written at the 1st, 10th, 100th … time. */
export function isTimeToWrite(count: u32): bool {
  let power: u64 = 1
  while (power < count) power *= 10
  return power == count
}
