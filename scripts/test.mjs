// Runs every test file and closes with one summary. `node --import tsx scripts/test.mjs [FILE…]`
//
// Files that touch the machine (root, network namespaces, the built program) run one at a time, so that they
// neither disturb each other nor measure each other's load; all others run on every core.
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

/** What a file that must run alone imports. */
const ALONE = /support\/(root|lab|program)\.ts|\/lab\/|\/e2e\//
const LIMIT_MS = (process.env.SOCKTRACE_FULL === '1' ? 60 : 12) * 60_000

const isRoot = process.getuid?.() === 0
const needsCorpora = process.env.SOCKTRACE_REQUIRE_CORPORA === '1'
const all = process.argv.length > 2 ? process.argv.slice(2) : testFiles('test')
const alone = all.filter((path) => path.startsWith('test/e2e/') || ALONE.test(readFileSync(path, 'utf8')))
const together = all.filter((path) => !alone.includes(path))

const totals = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }
const skips = new Map()
const started = performance.now()
const deadline = AbortSignal.timeout(LIMIT_MS)

await runFiles(together, availableParallelism())
await runFiles(alone, 1)
summarize()
// A program that a test cut short left behind would keep its pipe, and this process, open.
process.exit()

function testFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** One run of the test runner; its own closing totals are added to ours instead of being printed. */
async function runFiles(files, concurrency) {
  if (files.length === 0) return
  const events = run({ files, concurrency, signal: deadline, timeout: LIMIT_MS / 2 })
  events.on('test:pass', ({ name, skip }) => {
    if (skip !== undefined) skips.set(skip, [...(skips.get(skip) ?? []), name])
  })
  const reporter = new spec()
  reporter.pipe(process.stdout, { end: false })
  for await (const event of events) {
    const total =
      event.type === 'test:diagnostic' && event.data.nesting === 0 ? closingTotal(event) : undefined
    if (total === undefined) reporter.write(event)
    else totals[total.name] += total.value
  }
  await new Promise((done) => reporter.end(done))
}

/** `tests 12`, `pass 11`, …: what the runner says at its end; undefined for any other diagnostic. */
function closingTotal({ data }) {
  const match = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message)
  return match === null ? undefined : { name: match[1], value: Number(match[2]) }
}

function summarize() {
  for (const [reason, names] of skips) console.log(`skipped: ${names.length} × ${reason}`)
  const problems = []
  if (deadline.aborted) problems.push(`the time limit of ${LIMIT_MS / 60_000} min was reached`)
  if (totals.tests === 0) problems.push('no test ran')
  for (const reason of skips.keys()) {
    if (isRoot && /needs root/.test(String(reason)))
      problems.push(`as root nothing may be skipped for: ${reason}`)
    if (needsCorpora && /SOCKTRACE_CORPORA/.test(String(reason)))
      problems.push('SOCKTRACE_REQUIRE_CORPORA=1, but tests of captures were skipped')
  }
  for (const problem of problems) console.log(`make test: ${problem}`)

  const failed = totals.fail + totals.cancelled
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${all.length} files, ${totals.tests} tests in ${seconds} s`)
  console.log(`${totals.pass} passed, ${failed} failed, ${totals.skipped} skipped`)
  process.exitCode = failed > 0 || problems.length > 0 ? 1 : 0
}
