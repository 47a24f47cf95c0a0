import { INPUT_COUNT, STATE_COUNT } from '../state-numbers.ts'

/**
 * The transitions of `tcp-state.ts`, a byte a cell: what sending an input proves of its sender, then what receiving it
 * makes of the receiver. The host writes them once.
 */
export const cells: usize = memory.data(2 * 66)
const RECEIVING = STATE_COUNT * INPUT_COUNT

/** The sender's state after it sent `input`. */
export function afterSending(state: i32, input: i32): i32 {
  return load<u8>(cells + (state * INPUT_COUNT + input))
}

/** The receiver's state once `input` arrives. */
export function afterReceiving(state: i32, input: i32): i32 {
  return load<u8>(cells + (state * INPUT_COUNT + input), RECEIVING)
}
