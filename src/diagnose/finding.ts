import type { Evidence } from './evidence.ts'
import type { Conclusion, Confidence, VerdictName } from './verdict.ts'
import { sentence } from './words.ts'

/** A rule: pure, and silent when its verdict is not supported. */
export type Rule = (evidence: Evidence) => Conclusion | undefined

interface More {
  readonly error?: string | undefined
  readonly advice?: readonly string[]
}

/** `why` is a clause: it gets its capital and its full stop here. */
export function finding(
  verdict: VerdictName,
  confidence: Confidence,
  why: string,
  { error, advice = [] }: More = {},
): Conclusion {
  const summary = sentence(why)
  return error === undefined
    ? { verdict, summary, confidence, advice }
    : { verdict, error, summary, confidence, advice }
}
