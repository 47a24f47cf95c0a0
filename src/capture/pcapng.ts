/** Numbers of the pcapng format that reader and writer share (draft-ietf-opsawg-pcapng). */

export const BLOCK_INTERFACE = 1
/** Obsolete, still read. */
export const BLOCK_PACKET = 2
export const BLOCK_SIMPLE_PACKET = 3
/** Names of addresses, as the writer knew them. */
export const BLOCK_NAMES = 4
export const BLOCK_STATISTICS = 5
export const BLOCK_ENHANCED_PACKET = 6
export const BLOCK_SYSTEMD_JOURNAL = 9
/** Keys to decrypt with. */
export const BLOCK_SECRETS = 10
export const BLOCK_CUSTOM = 0x00000bad
/** Not to be copied into other files. */
export const BLOCK_CUSTOM_PRIVATE = 0x40000bad
/** The same in either byte order. */
export const BLOCK_SECTION = 0x0a0d0d0a

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d

/** Type and length before the body of a block, length again behind it. */
export const BLOCK_HEADER = 8
export const BLOCK_OVERHEAD = 12

export const OPTION_END = 0
export const OPTION_COMMENT = 1
export const OPTION_SECTION_APPLICATION = 4
export const OPTION_INTERFACE_NAME = 2
export const OPTION_INTERFACE_RESOLUTION = 9
export const OPTION_INTERFACE_OFFSET = 14
export const OPTION_PACKET_FLAGS = 2
export const OPTION_STATISTICS_RECEIVED = 4
export const OPTION_STATISTICS_INTERFACE_DROPS = 5
export const OPTION_STATISTICS_KERNEL_DROPS = 7

/** Records of a block of names; they are laid out, and end, as options do. */
export const NAME_IPV4 = 1
export const NAME_IPV6 = 2

/** Everything in a block stands on 4-byte boundaries. */
export function padded(length: number): number {
  return (length + 3) & ~3
}
