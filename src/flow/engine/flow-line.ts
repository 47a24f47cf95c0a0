import {
  COMMUNITY_ID_LENGTH,
  FACT_CLIENT_RTT_MS,
  FACT_COMMUNITY_ID,
  FACT_CONN_STATE,
  FACT_END,
  FACT_INITIATOR,
  FACT_OUTCOME,
  FACT_RTT_MS,
  FACT_SERVER_RTT_MS,
  FACT_TEARDOWN,
  VERDICT_BYTES,
} from '../facts-layout.ts'
import { FLOW_ESTABLISHED, FLOW_MIDSTREAM, OPTION_MSS } from '../marks.ts'
import { CONN_STATES, OUTCOMES, TEARDOWNS } from '../record-words.ts'
import * as word from '../trouble-words.ts'
import { clientFacts, facts, gatherFacts, type SideFacts, serverFacts } from './facts.ts'
import { gatherLetters, letters } from './history.ts'
import { putEndpoint, putField, putOptions, putStamp, putState, putTime } from './json-parts.ts'
import { cursor, endLine, literal, literals, newLiteral, put, putBytes, putObject } from './line.ts'
import { putNumber } from './number.ts'
import type { Flow, Side } from './row.ts'
import { get, large } from './trouble.ts'

// The counterpart of render/json-flow.ts, for records of TCP flows to which nobody adds anything.

const NANOS_PER_MS: f64 = 1e6

const TYPE = literal('{"type":"flow"')
const ID = literal(',"id":')
const COMMUNITY_ID = literal(',"proto":"tcp","community_id":"')
const CLIENT = literal('","client":')
const SERVER = literal(',"server":')
const START = literal(',"start":')
const END = literal(',"end":')
const DURATION_MS = literal(',"duration_ms":')
const HISTORY = literal(',"history":"')
const MISSED_BYTES = literal('","missed_bytes":')
const MIDSTREAM = literal(',"midstream":true,"conn_state":"')
const NOT_MIDSTREAM = literal(',"midstream":false,"conn_state":"')
const OUTCOME = literal('","outcome":"')
const CLIENT_STATE = literal('","wire_state":{"client":"')
const SERVER_STATE = literal('","server":"')
const COMPLETE = literal('"},"handshake":{"complete":true,"rtt_ms":')
const NOT_COMPLETE = literal('"},"handshake":{"complete":false,"rtt_ms":')
const CLIENT_RTT_MS = literal(',"client_rtt_ms":')
const SERVER_RTT_MS = literal(',"server_rtt_ms":')
const SYN_COUNT = literal(',"syn_count":')
const SYN_ACK_COUNT = literal(',"syn_ack_count":')
const CLIENT_OPTIONS = literal(',"client_options":')
const SERVER_OPTIONS = literal(',"server_options":')
const KIND = literal('},"teardown":{"kind":"')
const BY_CLIENT = literal('","initiator":"client"}')
const BY_SERVER = literal('","initiator":"server"}')
const BY_NOBODY = literal('","initiator":null}')
const VERDICT = literal(',"verdict":"')
const VERDICT_END = literal('"}\n')
const LINE_END = literal('}\n')
const NULL = literal('null')

const PACKETS = literal(',"packets":')
const BYTES = literal(',"bytes":')
const WIRE_BYTES = literal(',"wire_bytes":')
const UNIQUE_BYTES = literal(',"unique_bytes":')
const MIN = literal(',"rtt_ms":{"min":')
const AVG = literal(',"avg":')
const MAX = literal(',"max":')
const STDDEV = literal(',"stddev":')
const SAMPLES = literal(',"samples":')
const MSS = literal(',"mss":')
const SAMPLES_END = literal('}')
const WINDOW_SCALE = literal(',"window_scale":')
const MAX_WINDOW = literal(',"max_window":')

/** What goes wrong, counted for each side; most sides have nothing of it. */
const RETRANSMISSIONS = literal(',"retransmissions":')
const FAST_RETRANSMISSIONS = literal(',"fast_retransmissions":')
const SPURIOUS_RETRANSMISSIONS = literal(',"spurious_retransmissions":')
const OUT_OF_ORDER = literal(',"out_of_order":')
const LOST_SEGMENTS = literal(',"lost_segments":')
const DUP_ACKS = literal(',"dup_acks":')
const ZERO_WINDOWS = literal(',"zero_windows":')
const WINDOW_FULLS = literal(',"window_fulls":')
const KEEP_ALIVES = literal(',"keep_alives":')
const RESETS = literal(',"resets":')
const REXMT_PACKETS = literal(',"rexmt_packets":')
const REXMT_BYTES = literal(',"rexmt_bytes":')
const NO_TROUBLE = literal(
  ',"retransmissions":0,"fast_retransmissions":0,"spurious_retransmissions":0,"out_of_order":0,"lost_segments":0' +
    ',"dup_acks":0,"zero_windows":0,"window_fulls":0,"keep_alives":0,"resets":0,"rexmt_packets":0,"rexmt_bytes":0',
)

const connStates = literals(CONN_STATES)
const outcomes = literals(OUTCOMES)
const teardowns = literals(TEARDOWNS)

/** Name of the verdict on the flow at hand, a literal that the host writes; nothing where there is none. */
export const verdict = newLiteral(VERDICT_BYTES)
export const NO_VERDICT = newLiteral(0)

/** The line of a TCP flow's record, as it stands at `now` (the capture's clock). `verdictName`: a literal. */
export function putFlow(flow: Flow, now: f64, verdictName: usize): void {
  gatherFacts(flow, now)
  const client = flow.client
  const dialler = flow.side(client)
  const listener = flow.side(1 - client)
  const marks = flow.marks
  const end = load<f64>(facts, FACT_END)
  put(TYPE)
  putStamp(end)
  putField(ID, flow.serial)
  put(COMMUNITY_ID)
  putBytes(facts + FACT_COMMUNITY_ID, COMMUNITY_ID_LENGTH)
  put(CLIENT)
  putSide(flow, client, clientFacts)
  put(SERVER)
  putSide(flow, 1 - client, serverFacts)
  put(START)
  putTime(flow.start)
  put(END)
  putTime(end)
  put(DURATION_MS)
  putNumber((end - flow.start) / NANOS_PER_MS)
  put(HISTORY)
  const length = gatherLetters(flow)
  putBytes(letters, length)
  put(MISSED_BYTES)
  putNumber(large(dialler.trouble, word.MISSED) + large(listener.trouble, word.MISSED))
  put(marks & FLOW_MIDSTREAM ? MIDSTREAM : NOT_MIDSTREAM)
  put(wordOf(connStates, FACT_CONN_STATE))
  put(OUTCOME)
  put(wordOf(outcomes, FACT_OUTCOME))
  put(CLIENT_STATE)
  putState(dialler.expected)
  put(SERVER_STATE)
  putState(listener.expected)
  put(marks & FLOW_ESTABLISHED ? COMPLETE : NOT_COMPLETE)
  putHandshake(dialler, listener)
  put(KIND)
  put(wordOf(teardowns, FACT_TEARDOWN))
  const who: i32 = load<u8>(facts, FACT_INITIATOR)
  put(who == 0 ? BY_CLIENT : who == 1 ? BY_SERVER : BY_NOBODY)
  if (load<u32>(verdictName) > 0) {
    put(VERDICT)
    put(verdictName)
    put(VERDICT_END)
  } else put(LINE_END)
  endLine()
}

/** Of a table of words, the one that the fact chose. */
function wordOf(table: usize, fact: usize): usize {
  return load<u32>(table + (usize(load<u8>(facts + fact)) << 2))
}

/** The side that sends in `direction`. */
function putSide(flow: Flow, direction: i32, known: SideFacts): void {
  const side = flow.side(direction)
  const from = cursor()
  putEndpoint(flow, direction)
  putField(PACKETS, side.packets)
  put(BYTES)
  putNumber(known.bytes)
  put(WIRE_BYTES)
  putNumber(side.wireBytes)
  if (side.trouble == 0) put(NO_TROUBLE)
  else putTrouble(side.trouble)
  put(UNIQUE_BYTES)
  putNumber(side.wireBytes - large(side.trouble, word.NOT_UNIQUE))
  if (side.rttSamples > 0) putRtt(known, side.rttSamples)
  if (side.options & OPTION_MSS) putField(MSS, side.mss)
  if (side.scaleOffer > 0) putField(WINDOW_SCALE, side.scaleOffer - 1)
  putField(MAX_WINDOW, side.maxWindow)
  putObject(from)
}

function putTrouble(trouble: usize): void {
  putField(RETRANSMISSIONS, get(trouble, word.RETRANSMISSIONS))
  putField(FAST_RETRANSMISSIONS, get(trouble, word.FAST_RETRANSMISSIONS))
  putField(SPURIOUS_RETRANSMISSIONS, get(trouble, word.SPURIOUS_RETRANSMISSIONS))
  putField(OUT_OF_ORDER, get(trouble, word.OUT_OF_ORDER))
  putField(LOST_SEGMENTS, get(trouble, word.LOST_SEGMENTS))
  putField(DUP_ACKS, get(trouble, word.DUP_ACKS))
  putField(ZERO_WINDOWS, get(trouble, word.ZERO_WINDOWS))
  putField(WINDOW_FULLS, get(trouble, word.WINDOW_FULLS))
  putField(KEEP_ALIVES, get(trouble, word.KEEP_ALIVES))
  putField(RESETS, get(trouble, word.RESETS))
  putField(REXMT_PACKETS, get(trouble, word.REXMT_PACKETS))
  put(REXMT_BYTES)
  putNumber(large(trouble, word.REXMT_BYTES))
}

function putRtt(known: SideFacts, samples: u32): void {
  put(MIN)
  putNumber(known.min)
  put(AVG)
  putNumber(known.avg)
  put(MAX)
  putNumber(known.max)
  put(STDDEV)
  putNumber(known.stddev)
  putField(SAMPLES, samples)
  put(SAMPLES_END)
}

/** The object's fields from its `rtt_ms` on; the key of that is written. */
function putHandshake(client: Side, server: Side): void {
  putMs(load<f64>(facts, FACT_RTT_MS))
  put(CLIENT_RTT_MS)
  putMs(load<f64>(facts, FACT_CLIENT_RTT_MS))
  put(SERVER_RTT_MS)
  putMs(load<f64>(facts, FACT_SERVER_RTT_MS))
  putField(SYN_COUNT, client.synCount + server.synCount)
  putField(SYN_ACK_COUNT, client.synAckCount + server.synAckCount)
  if (client.synCount + client.synAckCount > 0) {
    put(CLIENT_OPTIONS)
    putOptions(client)
  }
  if (server.synCount + server.synAckCount > 0) {
    put(SERVER_OPTIONS)
    putOptions(server)
  }
}

function putMs(value: f64): void {
  if (Number.isNaN(value)) put(NULL)
  else putNumber(value)
}
