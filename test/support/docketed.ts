import { Docket } from '../../src/diagnose/docket.ts'
import type { DocketOptions } from '../../src/diagnose/docket-options.ts'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import { FILE_PLANES, type Planes } from '../../src/diagnose/planes.ts'
import type { Verdict, VerdictName } from '../../src/diagnose/verdict.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import { MODERN_LADDER } from '../../src/flow/syn-ladder.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { FILE_OPTIONS } from './feed.ts'
import { PacketWriter } from './packet-writer.ts'
import { type Cast, packetsOf } from './scenario.ts'

export const CAST: Cast = {
  C: { addr: '10.0.0.1', port: 40000 },
  S: { addr: '10.0.0.2', port: 80 },
  R: { addr: '10.0.0.254', port: 0 },
}

/** A docket behind a tracker, and everything that it asked and gave. `verdict` is what every case is judged to be. */
export function docketed(given: Partial<Planes> = {}, options: Partial<DocketOptions> = {}) {
  const asked: Evidence[] = []
  const verdicts: Verdict[] = []
  const records: FlowRecord[] = []
  let verdict: VerdictName | undefined = 'inconclusive'
  const docket: Docket = new Docket({
    judge(evidence) {
      asked.push(evidence)
      return verdict && { verdict, summary: '', confidence: 'certain', evidence: [], advice: [] }
    },
    give: (found) => verdicts.push(found),
    planes: { ...FILE_PLANES, ...given },
    ladder: MODERN_LADDER,
    flowAt: (row) => tracker.at(row),
    isTimedOut: (row, now) => tracker.isTimedOut(row, now),
    find: (proto, a, b) => tracker.find(proto, a, b),
    settle: 50e6 as Nanos,
    protocols: 'all',
    ...options,
  })
  const tracker: FlowTracker = new FlowTracker(
    { ...FILE_OPTIONS, protocols: 'all' },
    { trouble: docket, flow: (record) => records.push(record) },
  )
  const writer = new PacketWriter()
  return {
    docket,
    tracker,
    asked,
    verdicts,
    records,
    judgeAs: (name: VerdictName | undefined) => {
      verdict = name
    },
    /** Segments in the notation of scenarios. */
    play(segments: string): void {
      for (const { at, stack } of packetsOf(segments, CAST, writer)) tracker.packet(stack, at, 0, 1)
    },
    advance: (seconds: number) => tracker.advance((seconds * 1e9) as Nanos),
    finish(): void {
      docket.ending = true
      tracker.finish()
      docket.finish()
    },
    /** Verdicts as `seconds final`. */
    told: () => verdicts.map(({ at, final }) => `${(at / 1e9).toFixed(2)}${final ? ' final' : ''}`),
  }
}
