import type { Frame } from './frame.ts'

/**
 * A header that says what stands behind it: what link layers and tunnels have in common.
 * Borrowed like every header: valid after `at()` returned true, until the next packet.
 */
export interface Layer {
  /** False when it cannot be read. */
  at(frame: Frame, offset: number): boolean
  /** Bytes until what it carries. */
  readonly headerLength: number
  /** What it carries: an EtherType or a LAYER_ number, 0 when that is nothing that is read. */
  readonly etherType: number
}

// What has no EtherType is numbered above them.
export const LAYER_ETHERNET = 0x10000
export const LAYER_PPP = 0x10001
/** IEEE 802.2. */
export const LAYER_LLC = 0x10002
/** IP of either version, told by its first byte. */
export const LAYER_IP = 0x10003
/** IEEE 802.11. */
export const LAYER_WLAN = 0x10004
/** Plus a LINKTYPE_ value. */
export const LAYER_LINK = 0x20000
