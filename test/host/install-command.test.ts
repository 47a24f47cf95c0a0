import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { installCommand } from '../../src/host/install-command.ts'

for (const [manager, command] of [
  ['apt-get', 'sudo apt-get install iproute2'],
  ['dnf', 'sudo dnf install iproute'],
  ['apk', 'sudo apk add iproute2'],
] as const)
  test(`where there is ${manager}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'socktrace-install-'))
    try {
      writeFileSync(join(folder, manager), '')
      assert.equal(installCommand('iproute2', [folder]), command)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

test('where there is none of them, the name is Debian’s', () => {
  assert.equal(installCommand('libpcap0.8', []), 'sudo apt-get install libpcap0.8')
})
