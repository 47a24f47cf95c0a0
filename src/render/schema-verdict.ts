import { type Confidence, type PlaneFinding, VERDICTS, type Verdict } from '../diagnose/verdict.ts'
import {
  constant,
  count,
  flag,
  listOf,
  number,
  objectOf,
  refTo,
  type Schema,
  text,
  time,
  wordOf,
} from './json-schema.ts'

/** A verdict as it is printed: its moment is written out. */
type Printed = Omit<Verdict, 'at'> & { readonly time: string; readonly ts: number }

const planeFinding = objectOf<PlaneFinding>(
  {
    plane: wordOf<PlaneFinding['plane']>({ wire: true, socket: true, process: true, kernel: true }),
    status: wordOf<PlaneFinding['status']>({ seen: true, not_seen: true, not_watched: true }),
    detail: text,
  },
  {},
)

/** The parts of the schema that verdicts are made of, and `verdict` itself. */
export const verdictDefinitions: Readonly<Record<string, Schema>> = {
  verdict_name: { enum: VERDICTS },
  plane_finding: planeFinding,
  verdict: objectOf<Printed>(
    {
      type: constant('verdict'),
      time,
      ts: number,
      verdict: refTo('verdict_name'),
      proto: { enum: ['tcp', 'udp'] },
      client: refTo('endpoint'),
      server: refTo('endpoint'),
      final: flag,
      summary: text,
      confidence: wordOf<Confidence>({ certain: true, likely: true, possible: true }),
      evidence: listOf(refTo('plane_finding')),
      advice: listOf(text),
    },
    {
      error: text,
      flow: count,
      process: objectOf<NonNullable<Verdict['process']>>(
        {},
        { client: refTo('process'), server: refTo('process') },
      ),
    },
  ),
}
