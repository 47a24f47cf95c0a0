import type { VerdictName } from '../../../src/diagnose/verdict.ts'
import { RULE_FILES } from '../../support/rule-files.ts'
import type { Judged } from '../recorder/record.ts'
import { LESS_SPECIFIC, type Scenario, type Sight, type Vantage } from './scenario.ts'

/** The evidence on which a scenario's verdict was given: what each rule says of it, the one that was heard first. */
export interface Hearing {
  readonly scenario: Scenario
  readonly sight: Sight
  readonly vantage: Vantage
  readonly spoke: Judged['spoke']
}

/** What is wrong with `hearings` once the rules of one file are gone: exactly its own change, and none to a wrong verdict. */
export function problemsWithout(file: string, hearings: readonly Hearing[]): string[] {
  const gone = new Set((RULE_FILES.get(file) ?? []).map(({ name }) => name))
  const problems: string[] = []
  let changed = 0
  for (const { scenario, sight, vantage, spoke } of hearings) {
    const [heard] = spoke
    const [, said] = spoke.find(([rule]) => !gone.has(rule)) ?? []
    const where = `${scenario.name} [${vantage}]`
    if (heard === undefined) continue
    if (said !== heard[1]) changed++
    if ((said !== heard[1]) !== gone.has(heard[0]))
      problems.push(`${where}: ${said ?? 'nothing'} as with ${file}`)
    else if (said !== undefined && !stillTrue(sight, heard[1]).includes(said))
      problems.push(`${where}: ${said} is not true in place of ${heard[1]}`)
  }
  if (changed === 0) problems.push(`no scenario needs ${file}`)
  return problems
}

/** What may be said where the cause is not known. */
function stillTrue({ verdict, without = {} }: Sight, heard: VerdictName): readonly string[] {
  return [
    ...(verdict === 'none' ? [] : verdict),
    ...(LESS_SPECIFIC[heard] ?? []),
    ...Object.values(without).flat(),
    'inconclusive',
  ]
}
