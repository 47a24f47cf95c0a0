import type { Evidence } from './evidence.ts'
import { planeFindings } from './plane-findings.ts'
import type { Confidence, Finding, VerdictName } from './verdict.ts'
import { sentence } from './words.ts'

/** A rule: pure, and silent when its verdict is not supported. */
export type Rule = (evidence: Evidence) => Finding | undefined

interface More {
  readonly error?: string | undefined
  readonly advice?: readonly string[]
}

/** `why` is a clause: it gets its capital and its full stop here. */
export function finding(
  evidence: Evidence,
  verdict: VerdictName,
  confidence: Confidence,
  why: string,
  { error, advice = [] }: More = {},
): Finding {
  const summary = sentence(why)
  const planes = planeFindings(evidence)
  return error === undefined
    ? { verdict, summary, confidence, evidence: planes, advice }
    : { verdict, error, summary, confidence, evidence: planes, advice }
}
