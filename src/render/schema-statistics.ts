import type { FlowRecord } from '../flow/record.ts'
import type { Conversation, Talker } from '../flow/statistics.ts'
import { constant, count, listOf, number, objectOf, orNull, refTo, type Schema, text } from './json-schema.ts'
import type { RttObject, StatisticsObject } from './statistics.ts'

/** Counts by a word; the words are those of flow records. */
const counts: Schema = { type: 'object', additionalProperties: count }

const rttMembers = { samples: count, min: number, avg: number, max: number }

const conversation = objectOf<Conversation>(
  {
    flow: count,
    proto: refTo('proto'),
    client: refTo('endpoint'),
    server: refTo('endpoint'),
    packets: count,
    client_bytes: count,
    server_bytes: count,
    duration_ms: number,
    outcome: refTo('outcome'),
  },
  {},
)

const talker = objectOf<Talker>(
  {
    addr: text,
    flows: count,
    packets_sent: count,
    packets_received: count,
    bytes_sent: count,
    bytes_received: count,
    retransmissions: count,
    failed: count,
  },
  { port: count },
)

/** The parts of the schema that `--stats` prints. */
export const statisticsDefinitions: Readonly<Record<string, Schema>> = {
  conversation,
  talker,
  statistics: objectOf<StatisticsObject>(
    {
      type: constant('statistics'),
      flows: objectOf<Record<FlowRecord['proto'], number>>({ tcp: count, udp: count, icmp: count }, {}),
      packets: count,
      bytes: count,
      wire_bytes: count,
      missed_bytes: count,
      outcomes: counts,
      conn_states: counts,
      states: counts,
      troubles: counts,
      retransmission_rate: orNull(number),
      conversations: listOf(refTo('conversation')),
      endpoints: listOf(refTo('talker')),
      services: listOf(refTo('talker')),
    },
    {
      rtt_ms: objectOf<RttObject>(rttMembers, {}),
      handshake_rtt_ms: objectOf<NonNullable<StatisticsObject['handshake_rtt_ms']>>(
        {
          ...rttMembers,
          histogram: listOf(
            objectOf<{ le: number | null; count: number }>({ le: orNull(number), count }, {}),
          ),
        },
        {},
      ),
      approximate: constant(true),
    },
  ),
}
