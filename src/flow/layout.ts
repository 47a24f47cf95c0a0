/*
 * Where things are in the engine's memory, for both sides that read it: the engine (`engine/`) and the views
 * (`flow-view.ts`, `side-view.ts`, `segment.ts`).
 */

/** Bytes of a flow's row: 128 of the flow (`flow-view.ts`), then 128 for each direction (`side-view.ts`). */
export const ROW_BYTES = 384
export const SIDES_OFFSET = 128
export const SIDE_BYTES = 128

/** Bytes of history kept in the row itself; longer ones continue in a map beside the table. */
export const HISTORY_BYTES = 14
export const HISTORY_LENGTH = 104
export const HISTORY = 105
/** Letters of a history that the engine reads at once: only packets made for it bring more. */
export const LETTERS_ROOM = 8192

/** 32-bit words of a key: lower address 4, upper address 4, ports 1, the rest 1. */
export const KEY_WORDS = 10
export const KEY_BYTES = 40
export const KEY_PORTS = 8
export const KEY_META = 9

/** The segment at hand: bytes, and the words behind its time and its frame number (doubles). */
export const SEGMENT_BYTES = 144
export const SEGMENT_DIRECTION = 4
export const SEGMENT_IFACE = 5
export const SEGMENT_SEQUENCE = 6
export const SEGMENT_ACKNOWLEDGEMENT = 7
export const SEGMENT_FLAGS = 8
export const SEGMENT_WINDOW = 9
export const SEGMENT_TTL = 10
export const SEGMENT_LENGTH = 11
export const SEGMENT_END = 12
export const SEGMENT_PRESENT = 13
export const SEGMENT_MSS = 14
export const SEGMENT_WINDOW_SCALE = 15
export const SEGMENT_COOKIE_LENGTH = 16
export const SEGMENT_MPTCP_SUBTYPE = 17
export const SEGMENT_MPTCP_SUBTYPES = 18
export const SEGMENT_ANOMALIES = 19
export const SEGMENT_STEPS = 20
export const SEGMENT_SENDER_FROM = 21
export const SEGMENT_SENDER_TO = 22
export const SEGMENT_SENDER_EXPECTED = 23
export const SEGMENT_RECEIVER_FROM = 24
export const SEGMENT_RECEIVER_TO = 25
export const SEGMENT_RESET_EFFECT = 26
export const SEGMENT_ROW = 27
/** Address and length of its options in the engine's memory; 0 where the host has them. */
export const SEGMENT_OPTIONS = 31
export const SEGMENT_OPTIONS_LENGTH = 32
export const SEGMENT_PARTIAL = 33

/** The event at hand: bytes, and the words behind how long it took (a double). */
export const EVENT_BYTES = 40
export const EVENT_KIND = 2
export const EVENT_STEP = 3
export const EVENT_COMBINED = 4
export const EVENT_MOVES = 5
export const EVENT_OF_CLIENT = 6
export const EVENT_FROM = 7
export const EVENT_TO = 8

/** Rungs of a ladder that there is room for (`engine/syn-again.ts`), and bytes of one with its count before it. */
export const MAX_RUNGS = 255
export const LADDER_BYTES = 4096

/** Bytes of the JSON text of an interface's name that the engine has room for. */
export const IFACE_TEXT_BYTES = 1024

/** What the host wants to be told: bits for `configure`. */
export const TELL_EVENTS = 1 << 0
export const TELL_TROUBLE = 1 << 1
export const TELL_CLOSED = 1 << 2
/** Events of segments become lines; they are told where they cannot. */
export const TELL_EVENT_LINES = 1 << 3
/** Their lines have `packet`. */
export const TELL_FRAMED = 1 << 4
/** Records of connections that went well become lines, and are not told of; others where the host says so. */
export const TELL_FLOW_LINES = 1 << 5
/** Of a reset only its verdict's name is wanted: it can be told late. */
export const TELL_RESETS_LATE = 1 << 6
