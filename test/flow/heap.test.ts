import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

test('1 M packets grow the heap by less than a byte each and cause no major collection', async () => {
  const program = fileURLToPath(import.meta.resolve('./steady-state.ts'))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', program])
  const { flows, grown, collections } = JSON.parse(stdout)
  assert.equal(flows, 1000)
  assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`)
  assert.equal(collections, 0)
})
