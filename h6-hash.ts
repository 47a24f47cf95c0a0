import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
const [tree, ...rest] = process.argv.slice(2)
const { readCommand } = await import(`${tree}/test/support/read-command.ts`)
const VIEWS = [['--events', '--json'], ['--json'], ['--events', '--proto', 'all', '--json', '--resolve'], ['--events', '--color=never', '--time-format=utc']]
for (const file of readFileSync('/tmp/files.txt', 'utf8').trim().split('\n')) {
  const bytes = readFileSync(file)
  if (bytes.length > 30e6) continue
  for (const view of VIEWS) {
    let out: string
    try { const { stdout, notes } = await readCommand(view, bytes); out = stdout + notes.join('\n') } catch (e) { out = String((e as Error).message) }
    out = out.replaceAll(/\/tmp\/socktrace-read-\w+/g, '')
    console.log(`${file}|${view.join(' ')}|${out.length}|${createHash('sha256').update(out).digest('hex').slice(0, 16)}`)
  }
}
