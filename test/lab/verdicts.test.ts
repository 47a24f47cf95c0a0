import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRoot } from '../support/root.ts'
import { run } from './verdicts/run.ts'
import { SCENARIOS } from './verdicts/scenarios.ts'

/** Scenarios mostly wait; more at a time would only make the programs that watch slower. */
const AT_A_TIME = 6
const every = process.env['SOCKTRACE_FULL'] === '1'

test(`what is said of ${SCENARIOS.length} connections that go wrong`, {
  skip: isRoot ? false : 'needs root',
  concurrency: AT_A_TIME,
}, async (context) => {
  await Promise.all(
    SCENARIOS.map((scenario, index) =>
      context.test(scenario.name, async () => {
        assert.deepEqual(await run(scenario, index + 1, every), [])
      }),
    ),
  )
})
