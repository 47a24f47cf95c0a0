import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { corporaTest } from '../support/corpora.ts'
import { rootTest } from '../support/root.ts'
import { captureLive, LIVE_CAPTURES } from './live-captures.ts'
import { idleRules, RULE_IDS } from './rules.ts'
import { Survey, surveyCorpora, surveyFiles } from './survey.ts'
import { surveyTable } from './table.ts'

/** Each difference is explained by name, and few need to be. */
function assertClose(survey: Survey, title: string, flaggedShare: number): void {
  const table = surveyTable(title, survey)
  for (const [name, tally] of survey.tallies)
    assert.equal(tally.unexplained.length, 0, `${name}: a difference without a reason\n${table}`)
  const { tshark, tcptrace } = survey
  assert.ok(tshark.flags.share >= 0.999, table)
  assert.ok(tshark.flagged.share >= flaggedShare, table)
  for (const tally of [
    tshark.inFlight,
    tshark.ackRtt,
    tcptrace.volume,
    tcptrace.retransmitted,
    tcptrace.roundTrips,
  ])
    assert.ok(tally.share >= 0.985, table)
}

corporaTest(
  'streams, flags, states and statistics are those of the oracles, over all captures',
  async (folder) => {
    const survey = await surveyCorpora(folder)
    assert.ok(survey.files.tshark > 1000)
    assert.ok(survey.files.tcptrace > 400)
    // Two differ; with the live captures that is less than one in a thousand.
    assertClose(survey, 'Public captures', 0.998)
    const explained = survey.tallies.flatMap(([, tally]) => [...tally.explained.values()].flat())
    assert.deepEqual(idleRules(explained), [])
    const { zeek, tshark, arkime } = survey
    assert.ok(tshark.streams.share >= 0.985)
    assert.equal(zeek.states.share, 1)
    assert.equal(zeek.volume.share, 1)
    // Its letter X, of an analyzer that gave up on the content, is in one of 78.
    assert.ok(zeek.histories.share >= 0.985)
    assert.ok(arkime.sessions.share >= 0.985)
  },
)

rootTest('the same over real connections on paths that lose packets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-oracles-'))
  try {
    for (const capture of LIVE_CAPTURES) await captureLive(capture, join(folder, capture.name))
    const names = LIVE_CAPTURES.map(({ name }) => name)
    const survey = await surveyFiles(new Survey(), folder, names)
    assert.equal(survey.files.tshark, names.length)
    assert.ok(survey.tshark.flagged.compared > 500, 'the router lost too little to say anything')
    assertClose(survey, 'Live captures', 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('every rule is explained, and nothing is explained that is no rule', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8')
  const section = page.slice(page.indexOf('## Rules'))
  const explained = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id!)
  assert.deepEqual(explained.toSorted(), [...RULE_IDS].sort())
})
