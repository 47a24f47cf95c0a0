import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import { conclude, judge } from '../../src/diagnose/judge.ts'
import { RULES } from '../../src/diagnose/rules.ts'
import { type PlaneName, VERDICTS } from '../../src/diagnose/verdict.ts'
import { without } from '../support/evidence.ts'
import { RULE_FILES, rulesWithout } from '../support/rule-files.ts'
import { CASES } from './cases.ts'

const PLANES: readonly PlaneName[] = ['wire', 'socket', 'process', 'kernel']
const SUBSETS = Array.from({ length: 16 }, (_, bits) => PLANES.filter((_plane, at) => bits & (1 << at)))

for (const { name, verdict, error, confidence, summary, advice, evidence } of CASES)
  test(`${verdict}: ${name}`, () => {
    const found = judge(evidence)
    assert.equal(found?.verdict, verdict, found?.summary)
    if (error !== undefined) assert.equal(found.error, error)
    if (confidence !== undefined) assert.equal(found.confidence, confidence)
    if (summary !== undefined) assert.match(found.summary, summary)
    if (advice !== undefined) assert.match(found.advice.join('\n'), advice)
    assert.notEqual(found.advice.length, 0)
    assert.doesNotMatch(found.summary + found.advice.join(), /undefined|NaN|null|\[object/)
  })

test('every verdict has a case', () => {
  const missing = VERDICTS.filter((name) => !CASES.some(({ verdict }) => verdict === name))
  assert.deepEqual(missing, [])
})

for (const { name, verdict, less = [], evidence } of CASES)
  test(`${verdict}: ${name}, with planes taken away, is less specific and never wrong`, () => {
    const allowed = [verdict, ...less, 'inconclusive', undefined]
    for (const gone of SUBSETS) {
      const found = judge(without(evidence, gone))
      assert.ok(allowed.includes(found?.verdict), `without ${gone}: ${found?.verdict}: ${found?.summary}`)
      for (const { plane, status } of found?.evidence ?? [])
        assert.equal(status === 'not_watched', !isWatched(evidence, plane) || gone.includes(plane), plane)
    }
  })

for (const [file, own] of RULE_FILES)
  test(`without ${file} exactly its cases say something else, and nothing wrong`, () => {
    const rules = rulesWithout(file)
    const isOwn = (evidence: Evidence): boolean =>
      own.includes(RULES.find((rule) => rule(evidence) !== undefined)!)
    assert.ok(CASES.some(({ evidence }) => isOwn(evidence)))
    for (const { name, verdict, less = [], evidence } of CASES) {
      const found = conclude(evidence, rules)
      if (isOwn(evidence)) {
        assert.ok([...less, 'inconclusive', undefined].includes(found?.verdict), `${name}: ${found?.summary}`)
        assert.notEqual(found?.verdict, verdict, name)
      } else assert.equal(found?.verdict, verdict, name)
    }
  })

function isWatched(evidence: Evidence, plane: PlaneName): boolean {
  return evidence[plane].watched
}
