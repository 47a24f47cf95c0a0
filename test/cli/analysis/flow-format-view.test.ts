import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { corporaTest } from '../../support/corpora.ts'
import { readCsv } from '../../support/csv-file.ts'
import { assertGolden } from '../../support/golden.ts'
import { ndjson } from '../../support/program.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { scenarioCapture } from '../../support/scenario-capture.ts'

const NAMES = ['plain', 'refused', 'syn-retransmissions', 'midstream', 'reset-at-edge', 'out-of-order']
const several = scenarioCapture(NAMES.map((name) => readScenario(`test/scenarios/${name}.md`).segments))

for (const format of ['zeek', 'eve'])
  test(`${format}: golden, the same in every run, nothing else on stdout`, async () => {
    const { stdout, notes } = await readCommand(['--format', format], several)
    assertGolden(`flow-format/${format}.ndjson`, stdout)
    assert.equal((await readCommand(['--format', format], several)).stdout, stdout)
    assert.match(notes[0]!, /packets captured/)
  })

test('zeek: a lone SYN has neither duration nor byte counts, one that was sent again has', async () => {
  const lone = scenarioCapture(['0.0 C > S [S] seq=1', '0.0 C > S [S] seq=1\n1.0 C > S [S] seq=1'])
  const [once, twice] = ndjson((await readCommand(['--format', 'zeek'], lone)).stdout)
  assert.deepEqual(
    [once, twice].map((line) => ['duration', 'orig_bytes', 'resp_bytes'].map((name) => line![name])),
    [
      [undefined, undefined, undefined],
      [1, 0, 0],
    ],
  )
  assert.deepEqual([once!['orig_pkts'], once!['orig_ip_bytes'], once!['conn_state']], [1, 40, 'S0'])
})

test("a flow whose row was another's before starts from nothing", async () => {
  const block = readScenario('test/scenarios/refused.md').segments
  const cast = {
    C: { addr: '10.0.0.1', port: 1 },
    S: { addr: '10.0.0.2', port: 80 },
    R: { addr: '10.0.0.3', port: 0 },
  }
  const later = block.replaceAll('seq=100', 'seq=900')
  const lines = ndjson(
    (await readCommand(['--format', 'eve'], scenarioCapture([block, later], [cast, cast]))).stdout,
  )
  const bytes = lines.map(({ flow }) => (flow as { bytes_toserver: number }).bytes_toserver)
  assert.equal(new Set(bytes).size, 1, `${bytes}`)
})

test('--format is JSON already and stands alone', () =>
  assert.rejects(readCommand(['--format', 'zeek', '--json'], several), /cannot be used with/))

const FIELDS = [
  'conn_state',
  'history',
  'orig_bytes',
  'resp_bytes',
  'missed_bytes',
  'orig_pkts',
  'orig_ip_bytes',
  'resp_pkts',
  'resp_ip_bytes',
  'duration',
]

corporaTest("zeek: every field of Zeek's own baselines", async (folder) => {
  const rows = readCsv(join(folder, 'zeek-conn.csv'))
  for (const trace of new Set(rows.map((row) => row['trace']!))) {
    const { stdout } = await readCommand(['--format', 'zeek'], readFileSync(join(folder, trace)))
    const lines = ndjson(stdout)
    for (const row of rows.filter((one) => one['trace'] === trace)) {
      const ends = ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p']
      const line = lines.find((one) => ends.every((end) => String(one[end]) === row[end]))
      assert.ok(line, `${trace} ${ends.map((end) => row[end])}`)
      // One baseline has only some of the columns.
      for (const field of FIELDS.filter((name) => row[name] !== '')) {
        const expected = row[field]!
        const value: unknown = line[field]
        const given: string =
          field === 'duration' && typeof value === 'number' ? value.toFixed(6) : String(value ?? '-')
        assert.equal(given, expected, `${trace} ${field}`)
      }
    }
  }
})
