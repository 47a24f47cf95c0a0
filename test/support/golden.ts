import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Compares with a file below `test/golden/`. `SOCKTRACE_UPDATE_GOLDEN=1` writes the files instead:
 * read the difference before it is committed.
 */
export function assertGolden(path: string, actual: string): void {
  const file = join('test/golden', path)
  if (process.env['SOCKTRACE_UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, actual)
  }
  assert.equal(actual, readFileSync(file, 'utf8'), file)
}
