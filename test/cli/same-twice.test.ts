import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { corporaTest } from '../support/corpora.ts'
import { builtFile, type Ran, repository, runCommand } from '../support/program.ts'
import { readScenario } from '../support/scenario.ts'
import { scenarioCapture } from '../support/scenario-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-twice-'))
after(() => rmSync(folder, { recursive: true }))

/** Everything that `read` can print. */
const MODES: readonly (readonly string[])[] = [
  [],
  ['--json'],
  ['--json', '--proto', 'all', '--resolve'],
  ['--flows', '--time-format', 'utc'],
  ['--failures'],
  ['--packets'],
  ['--packets', '--json', '-S'],
  ['--stats'],
  ['--stats', '--json'],
  ['--summary'],
  ['--ladder'],
  ['--ladder', '--as', 'mermaid'],
  ['--ladder', '--as', 'svg'],
  ['--follow', '0', '--hex'],
  ['--follow', '0', '--json'],
  ['--follow', '0:client', '--raw'],
  ['--format', 'zeek'],
  ['--format', 'eve'],
]

function read(args: readonly string[]): Ran {
  const ran = runCommand([builtFile(repository), 'read', ...args])
  assert.equal(ran.status, 0, `${args.join(' ')}: ${ran.stderr}`)
  return ran
}

/** Every file of a folder with what is in it. */
function contents(path: string): [name: string, bytes: string][] {
  return readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'latin1')])
}

function sameTwice(modes: readonly (readonly string[])[], path: string): void {
  for (const mode of modes) {
    const first = read([...mode, path])
    assert.deepEqual(read([...mode, path]), first, mode.join(' '))
    assert.notEqual(first.stdout + first.stderr, '', mode.join(' '))
  }
}

test('two runs over a capture print the same bytes, in every form', () => {
  const path = join(folder, 'scenarios.pcapng')
  const names = readdirSync('test/scenarios')
  writeFileSync(path, scenarioCapture(names.map((name) => readScenario(`test/scenarios/${name}`).segments)))
  sameTwice(MODES, path)
})

corporaTest('two runs over a real capture print and write the same bytes', (corpora) => {
  const path = join(corpora, 'kbandla+dpkt/examples/data/http.pcap')
  sameTwice([['--json', '--resolve'], ['--packets']], path)
  const made = ['one', 'other'].map((name) => {
    const output = join(folder, name)
    mkdirSync(output)
    read(['--extract', join(output, 'streams'), path])
    read(['-w', join(output, 'packets.pcapng'), path])
    return [contents(join(output, 'streams')), readFileSync(join(output, 'packets.pcapng'), 'latin1')]
  })
  assert.deepEqual(made[1], made[0])
  assert.ok(made[0]![0]!.length > 0)
})
