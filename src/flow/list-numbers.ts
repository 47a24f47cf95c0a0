/** Where a flow waits, and so what ends it. A row of list 0 is on none. */
export const LIST_NONE = 0
/** TCP attempts, in order of their first packet. */
export const LIST_ATTEMPTS = 1
/** TCP connections that are open, in order of the step that opened them. */
export const LIST_OPEN = 2
/** TCP connections that have ended, in order of their latest packet. */
export const LIST_ENDED = 3
/** UDP and ICMP flows, in order of their latest packet. */
export const LIST_UDP = 4
export const LIST_ICMP = 5
export const LISTS = 6
