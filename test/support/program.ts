import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** One way in which a user has the program. */
export interface Way {
  readonly name: string
  readonly file: string
  readonly engine: 'ring' | 'cap'
  /** The make target that makes `file`. */
  readonly madeBy: string
}

const REPOSITORY = { file: resolve('bin/socktrace'), madeBy: 'make build' }
const INSTALLED = { file: resolve('build/npm-prefix/bin/socktrace'), madeBy: 'make pack' }
const EXECUTABLE = { file: resolve('build/socktrace-linux-x64'), madeBy: 'make package' }

export const repository: Way = { name: 'the repository, ring engine', engine: 'ring', ...REPOSITORY }
export const executable: Way = { name: 'the one executable, ring engine', engine: 'ring', ...EXECUTABLE }

export const WAYS: readonly Way[] = [
  repository,
  { name: 'the repository, cap engine', engine: 'cap', ...REPOSITORY },
  { name: 'installed with npm from the packed tarball', engine: 'ring', ...INSTALLED },
  executable,
  { name: 'the one executable, cap engine', engine: 'cap', ...EXECUTABLE },
]

/** Whatever takes longer hangs, ms: a crowded machine may need ten times as long as a quiet one. */
const LIMIT_MS = 180_000

/** The program's file; throws when it was not built, so that a test of it fails and is not skipped. */
export function builtFile({ file, madeBy }: Way): string {
  if (!existsSync(file)) throw new Error(`${file} is not there: ${madeBy} has not made it`)
  return file
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end; one that hangs is killed and has `status` null. */
export function runCommand(command: readonly string[], environment: NodeJS.ProcessEnv = process.env): Ran {
  const [file, ...args] = command
  const { error, status, stdout, stderr } = spawnSync(file!, args, {
    encoding: 'utf8',
    env: environment,
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined && status !== null) throw error
  return { status, stdout, stderr }
}

/** A command that runs beside the test; what it prints is kept and can be waited for. */
export class Running {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<unknown>

  constructor(command: readonly string[]) {
    const [file, ...args] = command
    this.child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = once(this.child, 'close')
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Resolves once `isThere` holds for what was printed so far; rejects when the command ends first, or hangs. */
  async until(what: string, isThere: (running: this) => boolean): Promise<void> {
    const limit = AbortSignal.timeout(LIMIT_MS)
    while (!isThere(this)) {
      // Aborted after each round, so that no listener stays behind.
      const round = new AbortController()
      const signal = AbortSignal.any([limit, round.signal])
      const printed = Promise.race([
        once(this.child.stdout!, 'data', { signal }),
        once(this.child.stderr!, 'data', { signal }),
        this.#ended.then(() => 'ended'),
      ])
      const outcome = await printed.catch(() => 'late')
      round.abort()
      if ((outcome === 'ended' || outcome === 'late') && !isThere(this))
        throw new Error(`${this.#command} ${outcome} before ${what}\n${this.stdout}\n${this.stderr}`)
    }
  }

  /** Sends a signal and waits for the end; the exit code, or the signal that killed it. */
  async stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.child.kill(signal)
    return this.ended()
  }

  /** Waits for the end; one that hangs is killed. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    const limit = setTimeout(() => this.child.kill('SIGKILL'), LIMIT_MS)
    await this.#ended
    clearTimeout(limit)
    return this.child.exitCode ?? this.child.signalCode
  }

  get #command(): string {
    return this.child.spawnargs.join(' ')
  }
}

/** The objects of an NDJSON text; throws at a line that is not JSON. */
export function ndjson<Item = Record<string, unknown>>(text: string): Item[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Item)
}
