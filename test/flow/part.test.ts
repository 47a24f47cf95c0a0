import assert from 'node:assert/strict'
import type { FlowRecord } from '../../src/flow/record.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { feedFile } from '../support/feed.ts'

/** Records without the number that depends on the other flows, in an order that does not. */
function unnumbered(records: readonly FlowRecord[]): string[] {
  return records.map(({ id: _, ...record }) => JSON.stringify(record)).sort()
}

corporaTest('real captures: parts followed apart are what all flows followed together are', (folder) => {
  let shared = 0
  for (const file of captureFiles(folder)) {
    const whole = feedFile(file, {}, undefined, true)
    const parts = [
      [0, 8],
      [8, 9],
      [9, 16],
    ].map(([from, to]) => feedFile(file, { part: { from: from!, to: to! } }, undefined, true))
    if (parts.filter(({ flows }) => flows > 0).length > 1) shared++
    assert.equal(
      parts.reduce((sum, { flows }) => sum + flows, 0),
      whole.flows,
      file,
    )
    assert.deepEqual(unnumbered(parts.flatMap(({ records }) => records)), unnumbered(whole.records), file)
  }
  assert.ok(shared > 20, `${shared} files had flows in more than one part`)
})
