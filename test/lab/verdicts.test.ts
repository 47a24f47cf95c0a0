import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRoot } from '../support/root.ts'
import { RULE_FILES } from '../support/rule-files.ts'
import { type Hearing, problemsWithout } from './verdicts/rule-files.ts'
import { run } from './verdicts/run.ts'
import type { Scenario } from './verdicts/scenario.ts'
import { IMPOSSIBLE, SCENARIOS } from './verdicts/scenarios.ts'

/** Scenarios mostly wait; more at a time would only make the programs that watch slower. */
const AT_A_TIME = 6
const MOST_AGAIN = 8
const every = process.env['SOCKTRACE_FULL'] === '1'

/** Those that did not say what they should while others ran beside them. */
const again: (readonly [scenario: Scenario, number: number])[] = []
const heard: Hearing[] = []

test(`what is said of ${SCENARIOS.length} connections that go wrong`, {
  skip: isRoot ? false : 'needs root',
  concurrency: AT_A_TIME,
}, async (context) => {
  await Promise.all(
    SCENARIOS.map((scenario, index) =>
      context.test(scenario.name, async (own) => {
        const { problems, hearings } = await run(scenario, index + 1, { every })
        heard.push(...hearings)
        if (problems.length === 0) return
        for (const problem of problems) own.diagnostic(`to be played alone: ${problem}`)
        again.push([scenario, index + 1])
      }),
    ),
  )
})

for (const { name, since } of IMPOSSIBLE) test(name, { skip: `needs Linux ${since!.join('.')}` }, () => {})

/**
 * Dozens of programs that watch on two cores lose kernel records and packets, and then rightly say less. Alone, none
 * has that excuse; more than a few would be a fault too.
 */
test('what was not said in the crowd is said alone', { skip: isRoot ? false : 'needs root' }, async () => {
  assert.ok(again.length <= MOST_AGAIN, again.map(([{ name }]) => name).join(', '))
  for (const [scenario, number] of again) {
    const { problems, hearings } = await run(scenario, number, { every })
    assert.deepEqual(problems, [])
    heard.push(...hearings)
  }
})

/** What the packets alone decide. libpcap hands them over a second late, the kernel's word on them is there before. */
const ON_THE_WIRE =
  /^(nothing listens, another|the server (rejects with port|closes with linger)|a router (rejects|answers host|drops the SYN,)|the SYN may not|nobody has the UDP port, another).*(IPv4|host)$/

test('libpcap shows the same of what the packets decide', {
  skip: isRoot ? false : 'needs root',
}, async () => {
  const chosen = SCENARIOS.map((scenario, index) => [scenario, index + 1] as const)
  const left = chosen.filter(([{ name }]) => ON_THE_WIRE.test(name))
  assert.equal(left.length, 9)
  const play = async ([scenario, number]: (typeof left)[0]) => {
    const { problems } = await run(scenario, number, { every: false, engine: 'cap' })
    return problems
  }
  const unsaid: typeof left = []
  const crowd = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      if ((await play(next)).length > 0) unsaid.push(next)
  }
  await Promise.all([crowd(), crowd(), crowd()])
  assert.ok(unsaid.length <= MOST_AGAIN / 2, unsaid.map(([{ name }]) => name).join(', '))
  for (const scenario of unsaid) assert.deepEqual(await play(scenario), [])
})

test('with three of ten records of the kernel gone unnoticed nothing wrong is said', {
  skip: !isRoot ? 'needs root' : every ? false : 'make test-full',
  concurrency: AT_A_TIME,
}, async (context) => {
  await Promise.all(
    SCENARIOS.map((scenario, index) =>
      context.test(scenario.name, async () => {
        const { problems } = await run(scenario, index + 1, { every: false, isLossy: true })
        assert.deepEqual(problems, [])
      }),
    ),
  )
})

/** The rules are pure: what they said of the evidence is what they would say without one of them. */
test('without the rules of one file exactly its scenarios say something else, and nothing wrong', {
  skip: isRoot ? false : 'needs root',
}, () => {
  for (const file of RULE_FILES.keys()) assert.deepEqual(problemsWithout(file, heard), [])
})
