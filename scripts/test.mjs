// Runs every test file and closes with one summary. `node --import tsx scripts/test.mjs [FILE…]`
//
// Three kinds of file, by what they share with others:
// - pure ones share nothing. They run in a process of their own with the lowest priority, in what the others leave;
//   in full, where they and the crowded ones each want all there is, before them.
// - those of the system (root, network namespaces, the built program) mostly wait: two at a time.
// - crowded ones start dozens of programs, or hold a flood to what a machine can take: one at a time.
import { fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, setPriority } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

/** What a file of the system imports, or where it lies. */
const SYSTEM = /support\/(root|lab|program)\.ts|\/lab\/|\/e2e\//
const CROWDED = ['lab/verdicts', 'lab/short-lived', 'e2e/attribution', 'e2e/beside-tcpdump']
const isFull = process.env.SOCKTRACE_FULL === '1'
const LIMIT_MS = (isFull ? 60 : 12) * 60_000
const LOWEST_PRIORITY = 19

const isRoot = process.getuid?.() === 0
const needsCorpora = process.env.SOCKTRACE_REQUIRE_CORPORA === '1'
const started = performance.now()
const deadline = AbortSignal.timeout(LIMIT_MS)

if (process.send !== undefined) {
  setPriority(LOWEST_PRIORITY)
  process.on('disconnect', () => process.exit(1))
  const result = await runFiles(process.argv.slice(2), availableParallelism())
  process.send(result, () => process.exit())
} else {
  const all = process.argv.length > 2 ? process.argv.slice(2) : testFiles('test')
  const system = all.filter((path) => path.startsWith('test/e2e/') || SYSTEM.test(readFileSync(path, 'utf8')))
  const crowded = system.filter((path) => CROWDED.some((part) => path.includes(part)))
  const pure = all.filter((path) => !system.includes(path))

  const beside = runBeside(pure)
  if (isFull) await beside
  const results = [await runFiles(crowded, 1)]
  const others = system.filter((path) => !crowded.includes(path))
  results.push(await runFiles(others, 2))
  results.push(await beside)
  summarize(all.length, results)
  // A program that a test cut short left behind would keep its pipe, and this process, open.
  process.exit()
}

function testFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** The files in a process of their own; what it prints comes in one piece at its end. */
function runBeside(files) {
  if (files.length === 0) return { totals: {}, skips: [] }
  const child = fork(import.meta.filename, files, { silent: true })
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes))
  return new Promise((done) => {
    let result
    child.on('message', (message) => {
      result = message
    })
    child.on('close', (status, signal) => {
      process.stdout.write(Buffer.concat(printed))
      if (result === undefined)
        console.log(`make test: the pure files ended with ${signal ?? status} too early`)
      done(result ?? { totals: { fail: 1 }, skips: [] })
    })
  })
}

/** One run of the test runner; its own closing totals are added up instead of being printed. */
async function runFiles(files, concurrency) {
  const totals = {}
  const skips = []
  if (files.length === 0) return { totals, skips }
  // Pure files may have to wait for their turn.
  const timeout = process.send === undefined ? LIMIT_MS / 2 : LIMIT_MS
  const events = run({ files, concurrency, signal: deadline, timeout })
  events.on('test:pass', ({ name, skip }) => {
    if (skip !== undefined) skips.push([String(skip), name])
  })
  const reporter = new spec()
  reporter.pipe(process.stdout, { end: false })
  for await (const event of events) {
    const total =
      event.type === 'test:diagnostic' && event.data.nesting === 0 ? closingTotal(event) : undefined
    if (total === undefined) reporter.write(event)
    else totals[total.name] = (totals[total.name] ?? 0) + total.value
  }
  await new Promise((done) => reporter.end(done))
  return { totals, skips }
}

/** `tests 12`, `pass 11`, …: what the runner says at its end; undefined for any other diagnostic. */
function closingTotal({ data }) {
  const match = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message)
  return match === null ? undefined : { name: match[1], value: Number(match[2]) }
}

function summarize(files, results) {
  const total = (name) => results.reduce((sum, { totals }) => sum + (totals[name] ?? 0), 0)
  const skips = new Map()
  for (const [reason, name] of results.flatMap(({ skips }) => skips))
    skips.set(reason, [...(skips.get(reason) ?? []), name])

  for (const [reason, names] of skips) console.log(`skipped: ${names.length} × ${reason}`)
  const problems = []
  if (deadline.aborted) problems.push(`the time limit of ${LIMIT_MS / 60_000} min was reached`)
  if (total('tests') === 0) problems.push('no test ran')
  for (const reason of skips.keys()) {
    if (isRoot && /needs root/.test(reason)) problems.push(`as root nothing may be skipped for: ${reason}`)
    if (needsCorpora && /SOCKTRACE_CORPORA/.test(reason))
      problems.push('SOCKTRACE_REQUIRE_CORPORA=1, but tests of captures were skipped')
  }
  for (const problem of problems) console.log(`make test: ${problem}`)

  const failed = total('fail') + total('cancelled')
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${files} files, ${total('tests')} tests in ${seconds} s`)
  console.log(`${total('pass')} passed, ${failed} failed, ${total('skipped')} skipped`)
  process.exitCode = failed > 0 || problems.length > 0 ? 1 : 0
}
