import {
  FACT_CLIENT_RTT_MS,
  FACT_COMMUNITY_ID,
  FACT_CONN_STATE,
  FACT_END,
  FACT_INITIATOR,
  FACT_OUTCOME,
  FACT_RTT_MS,
  FACT_SERVER_RTT_MS,
  FACT_SIDE_BYTES,
  FACT_SIDES,
  FACT_TEARDOWN,
  FACTS_BYTES,
} from '../facts-layout.ts'
import { KEY_META } from '../layout.ts'
import { CONN_OTH } from '../record-words.ts'
import { writeCommunityId } from './community-id.ts'
import { connState, datagramState, streamLength } from './conn-state.ts'
import { clientTime, serverTime, totalTime } from './handshake-times.ts'
import { datagramOutcome, initiator, tcpOutcome, teardownKind } from './outcome.ts'
import type { Flow, Side } from './row.ts'

const NANOS_PER_MS: f64 = 1e6
const TCP = 6
const UDP = 17

/** Round trips of a side, milliseconds, and the length of its stream. */
@unmanaged
export class SideFacts {
  bytes!: f64
  min!: f64
  avg!: f64
  max!: f64
  stddev!: f64
}

/** What has to be computed for a flow's record; `FactsView` sees the same bytes. */
export const facts: usize = memory.data(FACTS_BYTES + 8, 8)
export const clientFacts: SideFacts = changetype<SideFacts>(facts + FACT_SIDES)
export const serverFacts: SideFacts = changetype<SideFacts>(facts + FACT_SIDES + FACT_SIDE_BYTES)

/** The flow as it stands at `now` (the capture's clock). */
export function gatherFacts(flow: Flow, now: f64): void {
  const client = flow.side(flow.client)
  const server = flow.side(1 - flow.client)
  store<f64>(facts, max(max(client.lastTime, server.lastTime), flow.start), FACT_END)
  writeCommunityId(flow, facts + FACT_COMMUNITY_ID)
  gatherSide(clientFacts, client, server)
  gatherSide(serverFacts, server, client)
  const protocol: i32 = load<u8>(flow.address, KEY_META * 4)
  if (protocol != TCP) {
    clientFacts.bytes = client.wireBytes
    serverFacts.bytes = server.wireBytes
    // Zeek gives ICMP flows none of the connection states.
    store<u8>(facts, protocol == UDP ? datagramState(client, server) : CONN_OTH, FACT_CONN_STATE)
    store<u8>(facts, datagramOutcome(flow), FACT_OUTCOME)
    return
  }
  const isEmpty = clientFacts.bytes + serverFacts.bytes == 0
  store<u8>(facts, connState(flow, client, server, isEmpty), FACT_CONN_STATE)
  store<u8>(facts, tcpOutcome(flow, now), FACT_OUTCOME)
  const kind = teardownKind(flow)
  store<u8>(facts, kind, FACT_TEARDOWN)
  store<u8>(facts, initiator(flow, kind), FACT_INITIATOR)
  store<f64>(facts, totalTime(flow) / NANOS_PER_MS, FACT_RTT_MS)
  store<f64>(facts, clientTime(flow) / NANOS_PER_MS, FACT_CLIENT_RTT_MS)
  store<f64>(facts, serverTime(flow) / NANOS_PER_MS, FACT_SERVER_RTT_MS)
}

function gatherSide(to: SideFacts, side: Side, peer: Side): void {
  to.bytes = streamLength(side, peer)
  const samples = side.rttSamples
  if (samples == 0) return
  const mean = side.rttMean
  // The extremes are kept in 24 bits, so that rounding can put them on the wrong side of the mean.
  to.min = min(f64(side.rttMin), mean) / NANOS_PER_MS
  to.avg = mean / NANOS_PER_MS
  to.max = max(f64(side.rttMax), mean) / NANOS_PER_MS
  to.stddev = Math.sqrt(side.rttSquares / f64(max<u32>(1, samples - 1))) / NANOS_PER_MS
}
