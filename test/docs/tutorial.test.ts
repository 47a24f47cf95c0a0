import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { builtFile, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'
import { runPage } from './page.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-tutorial-'))
after(() => rmSync(folder, { recursive: true }))

/** What differs between two runs of the same thing: times, process ids, ports that the kernel chose, widths. */
function comparable(text: string): string {
  return text
    .replace(/\d+(?:\.\d+)? (?:ms|µs|s)\b/g, '<time>')
    .replace(/^ +\d+\.\d{6} /gm, '<time> ')
    .replace(/\[\d+\]/g, '[pid]')
    .replace(/^\d\d:\d\d:\d\d\.\d{6} /gm, '<time> ')
    .replace(/(10\.9\.8\.1|127\.0\.0\.1):[3-6]\d{4}/g, '$1:<port>')
    .replace(/^\d+ packets captured.*$/gm, '<summary>')
    .replace(/ {2,}|─+/g, ' ')
}

/** Runs its `-c` script in the lab, as a reader of the page does in the lab's shell; inside it is not found any more. */
const SHELL = `#!/bin/sh
PATH=\${PATH#*:}
exec socktrace demo --lab -- /bin/bash "$@"
`

before(() => {
  symlinkSync(builtFile(repository), join(folder, 'socktrace'))
  mkdirSync(join(folder, 'shell'))
  writeFileSync(join(folder, 'shell', 'bash'), SHELL, { mode: 0o755 })
})

for (const page of ['docs/tutorial.md', 'README.md'])
  rootTest(`${page} can be followed word for word, and prints what it shows`, () => {
    const env = {
      ...process.env,
      PATH: `${folder}/shell:${folder}:${process.env['PATH']}`,
      NO_COLOR: '1',
      TZ: 'UTC',
    }
    for (const [command, shown, printed] of runPage(page, { folder, env, comparable, tries: 3 }))
      assert.equal(printed, shown, `${command}\nSOCKTRACE_UPDATE_GOLDEN=1 writes it into the page`)
  })
