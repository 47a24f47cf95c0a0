import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** The folder of public captures (CONTRIBUTING.md, Tests), or `undefined` when it is not set. */
export const corporaFolder: string | undefined = process.env['SOCKTRACE_CORPORA']

if (corporaFolder === undefined && process.env['SOCKTRACE_REQUIRE_CORPORA'] === '1')
  throw new Error('SOCKTRACE_REQUIRE_CORPORA=1, but SOCKTRACE_CORPORA is not set')
if (corporaFolder !== undefined && !existsSync(join(corporaFolder, 'index.csv')))
  throw new Error(`SOCKTRACE_CORPORA=${corporaFolder} has no index.csv: the captures are incomplete`)

/** A test over the public captures: skipped, and counted as such, where they are not there. */
export function corporaTest(name: string, body: (folder: string) => void | Promise<void>): void {
  if (corporaFolder === undefined) test(name, { skip: 'SOCKTRACE_CORPORA is not set' }, () => {})
  else test(name, () => body(corporaFolder))
}

/** Every file below `folder` that can be a capture, sorted by path. */
export function captureFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/\.(csv|md|txt)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort()
}
