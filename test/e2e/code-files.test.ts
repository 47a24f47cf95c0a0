import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const FOLDER = join(import.meta.dirname, '../../dist/cli')

for (const name of ['list', 'read', 'view'])
  test(`what starts ${name} reads its code a letter a byte: it is ASCII`, () => {
    const code = readFileSync(join(FOLDER, `${name}-code.cjs`))
    const beyond = code.findIndex((byte) => byte > 0x7f)
    assert.equal(beyond, -1, code.subarray(Math.max(0, beyond - 40), beyond + 20).toString('latin1'))
  })
