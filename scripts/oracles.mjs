// `make oracles`: what other programs say about the same captures, and where we differ, in one table.
// `--keep` writes what the tools said to test/oracles/results/, from where `make test` takes it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { askAll, fileHash, resultsFile } from '../test/oracles/facts.ts'
import { TSHARK_FOLLOW, taps } from '../test/oracles/follow.ts'
import { captureLive, LIVE_CAPTURES } from '../test/oracles/live-captures.ts'
import { Survey, surveyCorpora, surveyFiles } from '../test/oracles/survey.ts'
import { surveyTable } from '../test/oracles/table.ts'
import { TCPTRACE } from '../test/oracles/tcptrace.ts'
import { TSHARK } from '../test/oracles/tshark.ts'
import { corporaFolder } from '../test/support/corpora.ts'
import { readCsv } from '../test/support/csv-file.ts'
import { isRoot } from '../test/support/root.ts'

if (corporaFolder === undefined) {
  console.error('Cannot compare: SOCKTRACE_CORPORA is not set (CONTRIBUTING.md, Tests)')
  process.exit(1)
}
if (process.argv.includes('--keep')) {
  const rows = readCsv(join(corporaFolder, 'index.csv'))
  await keep(TSHARK, rows)
  await keep(TCPTRACE, rows)
  const streams = ({ tcp_streams }) => Number(tcp_streams)
  await keep(
    TSHARK_FOLLOW,
    rows.filter((row) => streams(row) > 0),
    (row) => taps(streams(row)),
  )
}
const survey = await surveyCorpora(corporaFolder)
console.log(surveyTable('Public captures', survey))
if (isRoot) {
  const live = await surveyLive()
  console.log(surveyTable('Live captures over lossy paths', live))
  console.log(surveyTable('All', survey.add(live)))
} else console.log('Live captures need root: left out')

async function surveyLive() {
  const folder = join('build', 'oracles', 'live')
  mkdirSync(folder, { recursive: true })
  for (const capture of LIVE_CAPTURES) await captureLive(capture, join(folder, capture.name))
  return await surveyFiles(
    new Survey(),
    folder,
    LIVE_CAPTURES.map(({ name }) => name),
  )
}

/** One line a file, so that a change shows which. */
async function keep(oracle, rows, more = () => []) {
  const paths = rows.map(({ path }) => join(corporaFolder, path))
  const facts = await askAll(oracle, paths, rows.map(more))
  const lines = new Set(paths.map((path, i) => JSON.stringify([fileHash(path), facts[i]])))
  mkdirSync(dirname(resultsFile(oracle)), { recursive: true })
  writeFileSync(resultsFile(oracle), `${[...lines].sort().join('\n')}\n`)
}
