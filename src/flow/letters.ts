/** Zeek's history letters, as character codes of the client's. */
export const LETTER_FLIPPED = 0x5e // ^
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
/** Content was given up on. */
export const LETTER_PARTIAL = 0x58 // X
