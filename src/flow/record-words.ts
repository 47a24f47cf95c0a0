/*
 * Words of a flow record that are decided in the engine, and their numbers: their places here. What they mean stands
 * in `record.ts`.
 */

export const CONN_STATES = [
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
] as const
export const CONN_S0 = 0
export const CONN_S1 = 1
export const CONN_SF = 2
export const CONN_REJ = 3
export const CONN_S2 = 4
export const CONN_S3 = 5
export const CONN_RSTO = 6
export const CONN_RSTR = 7
export const CONN_RSTOS0 = 8
export const CONN_RSTRH = 9
export const CONN_SH = 10
export const CONN_SHR = 11
export const CONN_OTH = 12

export const OUTCOMES = [
  'established',
  'closed',
  'reset',
  'refused',
  'timeout',
  'unreachable',
  'incomplete',
  'midstream',
] as const
export const OUTCOME_ESTABLISHED = 0
export const OUTCOME_CLOSED = 1
export const OUTCOME_RESET = 2
export const OUTCOME_REFUSED = 3
export const OUTCOME_TIMEOUT = 4
export const OUTCOME_UNREACHABLE = 5
export const OUTCOME_INCOMPLETE = 6
export const OUTCOME_MIDSTREAM = 7

export const TEARDOWNS = ['four_way', 'three_way', 'simultaneous', 'reset', 'half_close', 'none'] as const
export const TEARDOWN_FOUR_WAY = 0
export const TEARDOWN_THREE_WAY = 1
export const TEARDOWN_SIMULTANEOUS = 2
export const TEARDOWN_RESET = 3
export const TEARDOWN_HALF_CLOSE = 4
export const TEARDOWN_NONE = 5

/** Of the wire; their numbers are in `state-numbers.ts`. */
export const STATE_NAMES = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'CLOSING',
  'TIME_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
] as const
