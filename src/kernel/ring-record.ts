/**
 * The record that every program writes but for changes of state, host byte order but for what it copies. One size for
 * all kinds: a program reserves a constant. `kind`, `time`, `socket` and `netns` are where `CHANGE` has them too.
 */
export const RECORD = {
  /** u32, one of `KIND`. */
  kind: 0,
  /** u32, of the process in whose context it happened, with `OTHER_THREAD`; 0 when it is not known. */
  pid: 4,
  /** u64 ns, CLOCK_MONOTONIC. */
  time: 8,
  /** u64, address of the socket; 0 without one. */
  socket: 16,
  /** u32, inode of the network namespace; 0 when it is not known. */
  netns: 24,
  /** i32: error, reason, or what connect() returned. */
  value: 28,
  /** u32 */
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

/**
 * A change of state of a TCP socket. Of these there are the most, and whoever makes the change pays for every line of
 * the cache that its record takes: 40 bytes over IPv4, 64 over IPv6, and 16 more for the name of who made it.
 */
export const CHANGE = {
  /** u16 network order each; `port` is the socket's own, also when it is not bound any more. */
  remotePort: 4,
  port: 6,
  /** u8 each: old and new state, in place of the upper 16 bits of the socket's address, which are ones. */
  from: 22,
  to: 23,
  /** u32, of the process that made it, with `OTHER_THREAD`; 0 where it is not one of those that its process makes. */
  pid: 28,
  /** Addresses, 4 or 16 bytes each, and then the name, if there is one. */
  remote: 32,
  local: { 4: 36, 6: 48 },
  name: { 4: 40, 6: 64 },
} as const

export const NAMED_LENGTH = { 4: CHANGE.name[4] + NAME_LENGTH, 6: CHANGE.name[6] + NAME_LENGTH } as const
/** The longest of them. */
export const CHANGE_LENGTH = NAMED_LENGTH[6]

export const KIND = {
  /** Of an IPv4 socket, and of an IPv6 one. */
  state: 1,
  state6: 10,
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
  /** Nothing but its kind and time: the reader is to look at the log of changes. */
  wake: 11,
} as const

/** Bytes of the shortest record. */
export const WAKE_LENGTH = RECORD.socket

/** Above every pid: the record's name is not that of the process's first thread, which is the process's own. */
export const OTHER_THREAD = 2 ** 31

/** The pid of a word with `OTHER_THREAD`. */
export function pidOf(word: number): number {
  return word & (OTHER_THREAD - 1)
}

export function isChange(kind: number): boolean {
  return kind === KIND.state || kind === KIND.state6
}

/** What it means depends on the changes of state before it, whoever asks. */
export function followsChanges(kind: number): boolean {
  return isChange(kind) || kind === KIND.error || kind === KIND.call
}

/** The first namespaces of a machine have 0xeffffff8 and up (Linux 6.18; PROC_DYNAMIC_FIRST before): below is none. */
const FIRST_INODE = 0xefff_fff0

/** The namespace that a record names by its inode; `null` for one that could not be read. */
export function netnsOf(inode: number): number | null {
  return inode < FIRST_INODE ? null : inode
}

/** Address of the socket in a record: the 48 bits that differ. */
export function socketAt(view: DataView, offset: number): number {
  const at = offset + RECORD.socket
  return view.getUint32(at, true) + (view.getUint32(at + 4, true) & 0xffff) * 0x1_0000_0000
}

/** Its time: ns, CLOCK_MONOTONIC. */
export function timeAt(view: DataView, offset: number): number {
  const at = offset + RECORD.time
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
}
