import type { Evidence } from './evidence.ts'
import type { Rule } from './finding.ts'
import { planeFindings } from './plane-findings.ts'
import { RULES } from './rules.ts'
import type { Conclusion, Finding } from './verdict.ts'

/**
 * What the evidence supports, `undefined` for a connection that is well or not yet in trouble: the first of `rules` to
 * speak has the word.
 */
export function conclude(evidence: Evidence, rules: readonly Rule[] = RULES): Conclusion | undefined {
  for (const rule of rules) {
    const found = rule(evidence)
    if (found !== undefined) return found
  }
  return undefined
}

/** The same with what each plane showed. */
export function judge(evidence: Evidence): Finding | undefined {
  const found = conclude(evidence)
  return found && { ...found, evidence: planeFindings(evidence) }
}
