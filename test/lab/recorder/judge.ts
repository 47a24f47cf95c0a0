import { appendFileSync } from 'node:fs'
import type { Evidence } from '../../../src/diagnose/evidence.ts'
import { RULES } from '../../../src/diagnose/rules.ts'
import type { Conclusion } from '../../../src/diagnose/verdict.ts'
import type { Judged } from './record.ts'

/** In place of that of `src/diagnose/judge.ts`: the same, and what every rule says of the evidence goes to a file. */
export function conclude(evidence: Evidence): Conclusion | undefined {
  const found = RULES.map((rule) => [rule.name, rule(evidence)] as const)
  const { proto, client, server } = evidence
  const spoke = found.flatMap(([name, conclusion]) =>
    conclusion === undefined ? [] : [[name, conclusion.verdict] as const],
  )
  const line: Judged = { proto, client, server, spoke }
  appendFileSync(process.env['SOCKTRACE_JUDGED']!, `${JSON.stringify(line)}\n`)
  return found.find(([, conclusion]) => conclusion !== undefined)?.[1]
}
