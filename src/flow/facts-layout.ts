/*
 * Where the facts of a record are that the engine computes (`engine/facts.ts`), bytes from their beginning:
 * `FactsView` reads them, what they mean stands in `record.ts`. Doubles that are not known are NaN.
 */

export const FACTS_BYTES = 152
export const FACT_END = 0
export const FACT_RTT_MS = 8
export const FACT_CLIENT_RTT_MS = 16
export const FACT_SERVER_RTT_MS = 24
/** Of the client, then of the server. */
export const FACT_SIDES = 32
export const FACT_SIDE_BYTES = 40
export const FACT_BYTES = 0
export const FACT_MIN = 8
export const FACT_AVG = 16
export const FACT_MAX = 24
export const FACT_STDDEV = 32
/** Places in `record-words.ts`. */
export const FACT_CONN_STATE = 112
export const FACT_OUTCOME = 113
export const FACT_TEARDOWN = 114
/** 0 is the client, 1 the server, 2 nobody. */
export const FACT_INITIATOR = 115
export const NOBODY = 2
/** ASCII. */
export const FACT_COMMUNITY_ID = 116
export const COMMUNITY_ID_LENGTH = 30

/** Room for the name of a verdict. */
export const VERDICT_BYTES = 64

/** SYNs for which the engine knows how long the next is waited for: more than any `tcp_syn_retries` allows. */
export const LADDER_STEPS = 264
