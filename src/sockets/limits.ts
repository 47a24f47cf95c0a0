/** How long a socket may be in a state before it counts as trouble: for verdicts and for one look at a socket alike. */

/** Time-outs of one range before a connection counts as stuck. */
export const RETRANSMITTING_TIMES = 4

/** How long a receiver's window may stay closed. */
export const ZERO_WINDOW_SECONDS = 5

/** How long a program may leave a connection open that its peer has closed: CLOSE_WAIT with no packet. */
export const APP_STUCK_SECONDS = 60
