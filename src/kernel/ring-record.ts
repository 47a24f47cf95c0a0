import { COMMON_LENGTH } from './layout.ts'

/**
 * The record that every program writes, host byte order but for what it copies. One size for all kinds but changes of
 * state, of which there are the most: a program reserves a constant.
 */
export const RECORD = {
  /** u32, one of `KIND`. */
  kind: 0,
  /** u32, of the process in whose context it happened; 0 when it is not known. */
  pid: 4,
  /** u64 ns, CLOCK_MONOTONIC. */
  time: 8,
  /** u64, address of the socket; 0 without one. */
  socket: 16,
  /** u32, inode of the network namespace; 0 when it is not known. */
  netns: 24,
  /** i32: new state, error, reason, or what connect() returned. */
  value: 28,
  /** u32: old state, or state. */
  state: 32,
  /** u16, IANA number. */
  protocol: 36,
  /** u16 network order: the socket's own port, also when it is not bound any more. */
  port: 38,
  /** 16 bytes: name of the process, or of the interface of a packet. */
  name: 40,
  /** u64, address of the code that dropped the packet. */
  location: 56,
  /** u32 each, from the packet's buffer: where its IP header begins, and where what is in one piece ends. */
  network: 64,
  tail: 68,
  /** A packet from its IP header on; or `COMMON_LENGTH` bytes of a socket and then the address that was dialled. */
  payload: 72,
} as const

export const NAME_LENGTH = 16
/** IPv6 and TCP with all options are 100, an ICMPv6 error with the least that it must quote 96. */
export const PAYLOAD_LENGTH = 128
export const RECORD_LENGTH = RECORD.payload + PAYLOAD_LENGTH
/** Of a change of state; its payload ends with the socket, that of an IPv4 one with addresses, ports and family. */
export const STATE_LENGTH = RECORD.payload + COMMON_LENGTH
export const IPV4_STATE_LENGTH = RECORD.payload + 24

export const KIND = {
  state: 1,
  error: 2,
  /** A reset that no packet asked for; the payload is the socket's. */
  activeReset: 3,
  /** A reset in answer to the packet in the payload. */
  reset: 4,
  resetReceived: 5,
  retransmit: 6,
  /** The payload is that of the request, not of the listener. */
  retransmitSynAck: 7,
  call: 8,
  drop: 9,
} as const

/** The first namespaces of a machine have 0xeffffff8 and up (Linux 6.18; PROC_DYNAMIC_FIRST before): below is none. */
const FIRST_INODE = 0xefff_fff0

/** The namespace that a record names by its inode; `null` for one that could not be read. */
export function netnsOf(inode: number): number | null {
  return inode < FIRST_INODE ? null : inode
}
