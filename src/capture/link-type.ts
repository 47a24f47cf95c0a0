/** Link-layer header types as pcap and pcapng files number them (LINKTYPE_ values, draft-ietf-opsawg-pcaplinktype). */
export const LINK_NULL = 0
export const LINK_ETHERNET = 1
export const LINK_RAW = 101
export const LINK_LINUX_SLL = 113
export const LINK_LINUX_SLL2 = 276
