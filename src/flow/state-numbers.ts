/** The numbers of the states: their places in `STATE_NAMES` of `record-words.ts`. */
export const CLOSED = 0
export const LISTEN = 1
export const SYN_SENT = 2
export const SYN_RECV = 3
export const ESTABLISHED = 4
export const FIN_WAIT1 = 5
export const FIN_WAIT2 = 6
export const CLOSING = 7
export const TIME_WAIT = 8
export const CLOSE_WAIT = 9
export const LAST_ACK = 10

/** And of the `INPUTS` of `tcp-state.ts`. */
export const INPUT_SYN = 0
export const INPUT_SYN_ACK = 1
export const INPUT_ACK = 2
export const INPUT_ACK_OF_FIN = 3
export const INPUT_FIN = 4
export const INPUT_RST = 5
export const STATE_COUNT = 11
export const INPUT_COUNT = 6
