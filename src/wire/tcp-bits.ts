/** The nine flags of a segment, RFC 9293 section 3.1. */
export const FIN = 0x001
export const SYN = 0x002
export const RST = 0x004
export const PSH = 0x008
export const ACK = 0x010
export const URG = 0x020
export const ECE = 0x040
export const CWR = 0x080
/** Accurate ECN, formerly the nonce sum (RFC 3540, RFC 9768). */
export const AE = 0x100
/** tcpdump's letters for them, the lowest bit's first; the dot stands for ACK. */
export const FLAG_LETTERS = 'FSRP.UEWe'
export const NO_FLAGS = 'none'
