import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { exceedsScreen, pagerOf } from '../../../src/host/pager.ts'
import { builtFile, repository, runCommand } from '../../support/program.ts'

let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'socktrace-pager-'))
  writeFileSync(join(folder, 'pager'), '#!/bin/sh\nenv | grep ^LESS= >"$0.env"\ncat >"$0.text"\n', {
    mode: 0o755,
  })
})
after(() => rmSync(folder, { recursive: true }))

for (const [environment, pager] of [
  [{ TERM: 'xterm' }, 'less'],
  [{ TERM: 'xterm', PAGER: 'more -s' }, 'more -s'],
  [{ TERM: 'xterm', PAGER: '' }, undefined],
  [{ TERM: 'xterm', PAGER: 'cat' }, undefined],
  [{ TERM: 'dumb' }, undefined],
  [{}, undefined],
] as const)
  test(`the pager of ${JSON.stringify(environment)}`, () => assert.equal(pagerOf(environment), pager))

test('a text fits when the prompt has a line below it', () => {
  const lines = (count: number): Uint8Array => Buffer.from('x\n'.repeat(count))
  assert.equal(exceedsScreen(lines(23), 24), false)
  assert.equal(exceedsScreen(lines(24), 24), true)
})

/** Runs a listing on a terminal of its own with so many lines; what the terminal shows, and what the pager got. */
function onTerminal(
  rows: number,
  args: string,
  pager = join(folder, 'pager'),
): { screen: string; paged: string | undefined } {
  const got = join(folder, 'pager.text')
  rmSync(got, { force: true })
  const list = `${builtFile(repository)} list -q ${args}`
  const { status, stdout, stderr } = runCommand(
    ['script', '-qec', `stty rows ${rows} cols 80; ${list}`, '/dev/null'],
    { ...process.env, TERM: 'xterm', PAGER: pager, LESS: undefined, NO_COLOR: '1' },
  )
  assert.equal(status, 0, stderr)
  let paged: string | undefined
  try {
    paged = readFileSync(got, 'utf8')
  } catch {
    // It was not run.
  }
  return { screen: stdout.replaceAll('\r', ''), paged }
}

test('a listing that exceeds the terminal goes through the pager, as less takes it', () => {
  const { screen, paged } = onTerminal(3, '-x --columns netid,inode')
  assert.equal(screen, '')
  assert.match(paged!, /^Netid +Inode\nu_\w+ +\d+\n/)
  assert.equal(readFileSync(join(folder, 'pager.env'), 'utf8'), 'LESS=FRX\n')
})

for (const [why, rows, args, pager] of [
  ['it fits', 9999, '-x', undefined],
  ['it is not wanted', 3, '-x --no-pager', undefined],
  ['it is JSON', 3, '-x --json', undefined],
  ['there is no such program', 3, '-x', '/nowhere/pager'],
] as const)
  test(`a listing goes to the terminal itself when ${why}`, () => {
    const { screen, paged } = onTerminal(rows, args, pager)
    assert.equal(paged, undefined)
    assert.match(screen, /u_str|"unix"/)
  })
