import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { builtFile, repository } from '../support/program.ts'
import { writeCapture } from './capture.ts'
import { runPage } from './page.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-cookbook-'))
after(() => rmSync(folder, { recursive: true }))

/** DuckDB's command line as far as the page uses it, on the library of the same name. */
const DUCKDB = `#!${process.execPath}
import { createRequire } from 'node:module'
const { DuckDBInstance } = createRequire('${resolve('package.json')}')('@duckdb/node-api')
const [, , format, , query] = process.argv
if (format !== '-csv') throw new Error('only -csv')
const connection = await (await DuckDBInstance.create(':memory:')).connect()
const result = await connection.runAndReadAll(query)
for (const row of [result.columnNames(), ...result.getRows()]) console.log(row.join(','))
`

test('every output that docs/cookbook.md shows is what is printed', () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(builtFile(repository), join(bin, 'socktrace'))
  writeFileSync(join(bin, 'duckdb.mjs'), DUCKDB)
  symlinkSync('duckdb.mjs', join(bin, 'duckdb'))
  chmodSync(join(bin, 'duckdb.mjs'), 0o755)
  writeCapture(join(folder, 'capture.pcapng'))
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, TZ: 'UTC', NO_COLOR: '1' }
  for (const [command, shown, printed] of runPage('docs/cookbook.md', { folder, env }))
    assert.equal(printed, shown, `${command}\nSOCKTRACE_UPDATE_GOLDEN=1 writes it into the page`)
})
