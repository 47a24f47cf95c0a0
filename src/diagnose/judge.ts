import type { Evidence } from './evidence.ts'
import { RULES } from './rules.ts'
import type { Finding } from './verdict.ts'

/** The verdict that the evidence supports, `undefined` for a connection that is well or not yet in trouble. */
export function judge(evidence: Evidence): Finding | undefined {
  for (const rule of RULES) {
    const found = rule(evidence)
    if (found !== undefined) return found
  }
  return undefined
}
