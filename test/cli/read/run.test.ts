import assert from 'node:assert/strict'
import { appendFileSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openCaptureFile } from '../../../src/host/capture/capture-file.ts'
import { collect } from '../../capture/source-conformance.ts'
import { pcapFile } from '../../support/pcap-file.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../../support/program.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { scenarioCapture } from '../../support/scenario-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-run-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const plain = scenarioCapture([readScenario('test/scenarios/plain.md').segments])

test('-w: what was read, of several link types and files, packet by packet', async () => {
  const first = file('ethernet.pcap', pcapFile([60, 70, 80], { step: 2 }))
  const second = file('cooked.pcap', pcapFile([90, 100], { start: 1_700_000_001, step: 2, linkType: 113 }))
  const out = join(folder, 'out.pcapng')
  await readCommand(['-w', out, '--summary', first], readFileSync(second))
  const before = [...(await collect(openCaptureFile(first))), ...(await collect(openCaptureFile(second)))]
  const copied = await collect(openCaptureFile(out))
  assert.deepEqual(
    copied,
    before.sort((a, b) => (a.time < b.time ? -1 : 1)),
  )
})

test('-w with a filter keeps what passes', async () => {
  const out = join(folder, 'filtered.pcapng')
  await readCommand(['-w', out, '--filter', 'ip[4:2] = 1', '--summary'], pcapFile([60, 70, 80]))
  assert.deepEqual(
    (await collect(openCaptureFile(out))).map(({ length }) => length),
    [56],
  )
})

test('-w - gives packets only, and refuses what would be printed between them', async () => {
  const program = builtFile(repository)
  const input = file('piped.pcapng', plain)
  const piped = `"${program}" read -q -w - "${input}" | "${program}" read --summary -`
  assert.equal(runCommand(['sh', '-c', piped]).stdout.split(' ')[0], '11')
  await assert.rejects(readCommand(['-w', '-', '--events'], plain), /cannot both go to standard output/)
  await assert.rejects(readCommand(['-w', '-', '--stats'], plain), /cannot both go to standard output/)
})

test('-w never overwrites what is read', async () => {
  const input = file('input.pcapng', plain)
  const alias = join(folder, 'alias.pcapng')
  linkSync(input, alias)
  for (const out of [input, alias])
    await assert.rejects(readCommand(['-w', out, input], plain), /it is being read/)
  assert.deepEqual(readFileSync(input), Buffer.from(plain))
})

test('one damaged file of two: both are read, the warning names it, the summary says so', async () => {
  const cut = file('cut.pcapng.gz', gzipSync(plain).subarray(0, -20))
  const { stdout, notes } = await readCommand(['--summary', '--json', cut], plain)
  const [summary] = ndjson<{ truncated?: boolean; packets: number }>(stdout)
  assert.equal(summary!.truncated, true)
  assert.ok(summary!.packets > 11, `${summary!.packets} packets`)
  assert.deepEqual(
    notes.map((note) => note.replaceAll(/byte \d+/g, 'byte N')),
    [
      `socktrace: ${JSON.stringify(cut)} is damaged at byte N: the gzip data is cut short; everything before was analysed`,
    ],
  )
})

test('options that make no sense together', async () => {
  const other = file('other.pcapng', plain)
  await assert.rejects(readCommand(['--follow-file', other], plain), /several files at once/)
  await assert.rejects(readCommand(['-', '-'], plain), /standard input twice/)
})

test('--follow-file: packets as they are written, Ctrl-C ends it with its summary', async () => {
  const path = file('growing.pcapng', plain.subarray(0, 300))
  const running = new Running([builtFile(repository), 'read', '--follow-file', '--packets', path])
  const lines = ({ stdout }: Running): number => stdout.split('\n').length - 1
  await running.until('the first packets', (one) => lines(one) > 0)
  assert.ok(lines(running) < 11)
  appendFileSync(path, plain.subarray(300))
  await running.until('the rest', (one) => lines(one) === 11)
  assert.equal(await running.stop('SIGINT'), 0)
  assert.match(running.stderr, /^11 packets captured/)
})
