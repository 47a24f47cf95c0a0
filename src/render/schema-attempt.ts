import type { Rtt } from '../flow/record.ts'
import type { Attempt, AttemptOutcome, Series } from './attempt.ts'
import { constant, count, number, objectOf, refTo, type Schema, text, time, wordOf } from './json-schema.ts'

/** What `connect` prints. */
export const attemptDefinitions: Readonly<Record<string, Schema>> = {
  attempt: objectOf<Attempt>(
    {
      type: constant('attempt'),
      time,
      ts: number,
      n: count,
      server: refTo('endpoint'),
      outcome: wordOf<AttemptOutcome>({
        established: true,
        refused: true,
        timeout: true,
        unreachable: true,
        reset: true,
        failed: true,
        interrupted: true,
      }),
      connect_ms: number,
    },
    {
      client: refTo('endpoint'),
      error: text,
      call: wordOf<NonNullable<Attempt['call']>>({ socket: true, bind: true, setsockopt: true }),
      gave_up: constant(true),
      reset_after_ms: number,
      closed_after_ms: number,
      received: count,
      flow: count,
      syn_count: count,
      rtt_ms: number,
      client_options: refTo('handshake_options'),
      server_options: refTo('handshake_options'),
      process: objectOf<NonNullable<Attempt['process']>>({ server: refTo('process') }, {}),
    },
  ),
  series: objectOf<Series>(
    {
      type: constant('series'),
      attempts: count,
      established: count,
      failed: count,
      errors: { type: 'object', additionalProperties: count },
    },
    {
      interrupted: count,
      connect_ms: objectOf<Rtt>(
        { min: number, avg: number, max: number, stddev: number, samples: count },
        {},
      ),
    },
  ),
}
