// `make fuzz`: damaged captures through the whole of `read`, in one process, until the time is over.
//   FUZZ_SECONDS=60  how long; 0 for ever
//   SEED=N ROUND=N   one round again, alone, as it was printed
//   SOCKTRACE_CORPORA  what is damaged; without it captures of the scenarios
// A round that throws, that says what no capture can hold, or takes too long or too much memory, ends it with exit
// code 1; the capture is then kept in build/.
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { corporaFolder } from '../test/support/corpora.ts'
import { fuzzCaptures, fuzzRound, type Round } from '../test/support/fuzz-round.ts'

/** No round may take longer, two runs over at most 64 KiB each: they take milliseconds. */
const ROUND_MS = 20_000
/** The captures, the code and garbage not yet collected. */
const MEMORY_BYTES = 1.2 * 2 ** 30
/** Rounds between two looks at memory. */
const LOOK = 100

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const only = process.env['ROUND'] === undefined ? undefined : Number(process.env['ROUND'])

if (process.send === undefined) await watch(Number(process.env['FUZZ_SECONDS'] ?? 60))
else await work(process.send.bind(process))

/** Runs the rounds in another process, which can be ended while it hangs. */
async function watch(seconds: number): Promise<void> {
  console.log(`SEED=${seed}${only === undefined ? '' : ` ROUND=${only}`}`)
  const child = fork(import.meta.filename, { env: { ...process.env, SEED: `${seed}` } })
  let number = -1
  let since = performance.now()
  let slowest = { number: 0, taken: 0 }
  child.on('message', (next: number) => {
    const taken = performance.now() - since
    if (taken > slowest.taken && number >= 0) slowest = { number, taken }
    number = next
    since = performance.now()
  })
  const began = performance.now()
  let reason: string | undefined
  const timer = setInterval(() => {
    const now = performance.now()
    if (number >= 0 && now - since > ROUND_MS) reason = `took more than ${ROUND_MS / 1000} s`
    else if (seconds === 0 || now - began < seconds * 1000) return
    clearInterval(timer)
    child.kill('SIGKILL')
  }, 250)
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  clearInterval(timer)
  if (
    status === 0 ||
    (status === null && reason === undefined && performance.now() - began >= seconds * 1000)
  )
    console.log(`${number} rounds, the slowest ${slowest.taken.toFixed(0)} ms (ROUND=${slowest.number})`)
  else {
    console.log(`SEED=${seed} ROUND=${number} ${reason ?? `ended with ${status ?? 'a signal'}`}`)
    process.exitCode = 1
  }
}

async function work(tell: (number: number) => void): Promise<void> {
  const captures = fuzzCaptures(corporaFolder)
  let round: Round = { args: [], bytes: new Uint8Array(0) }
  for (let number = only ?? 0; ; number++) {
    tell(number)
    try {
      await fuzzRound(captures, seed, number, (told) => {
        round = told
      })
      const { rss } = process.memoryUsage()
      if (number % LOOK === 0 && rss > MEMORY_BYTES)
        throw new Error(`${(rss / 2 ** 20).toFixed(0)} MiB in use`)
    } catch (error) {
      mkdirSync('build', { recursive: true })
      const path = `build/fuzz-${seed}-${number}`
      writeFileSync(path, round.bytes)
      console.log(`socktrace read ${round.args.join(' ')} ${path}`)
      console.log(error)
      process.exit(1)
    }
    if (only !== undefined) process.exit(0)
  }
}
