import type { Evidence } from './evidence.ts'
import { planeFindings } from './plane-findings.ts'
import type { Conclusion, Verdict } from './verdict.ts'

/** The conclusion with what all verdicts have in common; `flow` is the flow's serial, negative without one. */
export function makeVerdict(conclusion: Conclusion, evidence: Evidence, flow: number): Verdict {
  const { proto, client, server, now, ended, process } = evidence
  return {
    ...conclusion,
    evidence: planeFindings(evidence),
    type: 'verdict',
    at: now,
    proto,
    ...(flow >= 0 && { flow }),
    client,
    server,
    ...(process.watched && (process.client ?? process.server) && { process: endsOf(process) }),
    final: ended,
  }
}

function endsOf({
  client,
  server,
}: Partial<NonNullable<Verdict['process']>>): NonNullable<Verdict['process']> {
  return { ...(client && { client }), ...(server && { server }) }
}
