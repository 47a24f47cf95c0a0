/** The events of segments, and their numbers: their places here. Conditions stand in the order in which they are told. */
export const EVENT_NAMES = [
  'lost_segment',
  'acked_unseen',
  'retransmission',
  'fast_retransmission',
  'spurious_retransmission',
  'out_of_order',
  'zero_window',
  'zero_window_probe',
  'zero_window_probe_ack',
  'window_update',
  'window_full',
  'keep_alive',
  'keep_alive_ack',
  'dup_ack',
  'port_reused',
  'handshake',
  'close',
  'reset',
  'state',
] as const
export const EVENT_LOST_SEGMENT = 0
export const EVENT_ACKED_UNSEEN = 1
export const EVENT_RETRANSMISSION = 2
export const EVENT_FAST_RETRANSMISSION = 3
export const EVENT_SPURIOUS_RETRANSMISSION = 4
export const EVENT_OUT_OF_ORDER = 5
export const EVENT_ZERO_WINDOW = 6
export const EVENT_ZERO_WINDOW_PROBE = 7
export const EVENT_ZERO_WINDOW_PROBE_ACK = 8
export const EVENT_WINDOW_UPDATE = 9
export const EVENT_WINDOW_FULL = 10
export const EVENT_KEEP_ALIVE = 11
export const EVENT_KEEP_ALIVE_ACK = 12
export const EVENT_DUP_ACK = 13
export const EVENT_PORT_REUSED = 14
export const EVENT_HANDSHAKE = 15
export const EVENT_CLOSE = 16
export const EVENT_RESET = 17
export const EVENT_STATE = 18
