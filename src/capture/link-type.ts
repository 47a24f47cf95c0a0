/** Link-layer header types as pcap and pcapng files number them (LINKTYPE_ values, draft-ietf-opsawg-pcaplinktype). */
export const LINK_NULL = 0
export const LINK_ETHERNET = 1
export const LINK_RAW = 101
export const LINK_LOOP = 108
export const LINK_LINUX_SLL = 113
export const LINK_RAW_BSD = 12
export const LINK_RAW_OPENBSD = 14
export const LINK_IPV4 = 228
export const LINK_IPV6 = 229
export const LINK_LINUX_SLL2 = 276
