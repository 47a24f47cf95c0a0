import { readdirSync } from 'node:fs'
import type { Rule } from '../../src/diagnose/finding.ts'
import { RULES } from '../../src/diagnose/rules.ts'

const FOLDER = 'src/diagnose/rules'

/** The rules of each file of the folder, by its name. */
export const RULE_FILES: ReadonlyMap<string, readonly Rule[]> = new Map(
  await Promise.all(
    readdirSync(FOLDER).map(async (file) => {
      const exported = Object.values((await import(`../../${FOLDER}/${file}`)) as Record<string, unknown>)
      return [file, RULES.filter((rule) => exported.includes(rule))] as const
    }),
  ),
)

/** The list as it is without one file. */
export function rulesWithout(file: string): readonly Rule[] {
  const gone = RULE_FILES.get(file) ?? []
  return RULES.filter((rule) => !gone.includes(rule))
}
