import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const FLOWS = 500_000
const FLOOD = 300_000
const MAX_FLOWS = 50_000

test('many open connections cost 400 bytes each; a flood of SYNs is bounded and displaces none of them', async () => {
  const program = fileURLToPath(import.meta.resolve('./many-flows.ts'))
  const sizes = [FLOWS, FLOOD, MAX_FLOWS].map(String)
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...sizes])
  const { bytes, evicted, established, grown } = JSON.parse(stdout)
  // Node, its loader and the compiler take about 100 MB; rows that are not in use take none.
  assert.ok(bytes < 150e6 + FLOWS * 400, `${bytes} bytes`)
  assert.equal(evicted, 1000 + FLOOD - MAX_FLOWS)
  assert.equal(established, 1000)
  // Without the bound it were 400 bytes for each SYN.
  assert.ok(grown < (FLOOD * 400) / 1.5, `the flood took ${grown} bytes more`)
})
