import { setTimeout as delay } from 'node:timers/promises'
import type { Verdict } from '../../diagnose/verdict.ts'
import type { FlowRecord } from '../../flow/record.ts'
import { OutputFile } from '../../host/output-file.ts'
import { findUser } from '../../host/privileges.ts'
import { COMMAND_FAILED, Command, exitLeavingTerminal } from '../../host/process/command.ts'
import type { Invoker } from '../../host/process/invoker.ts'
import { readOrigin } from '../../host/process/procfs.ts'
import { ProcessTree } from '../../kernel/process-tree.ts'
import { count } from '../../render/units.ts'
import { EXIT, UserError } from '../../user-error.ts'
import type { View, ViewParts } from '../analysis/view.ts'
import { wantsViews } from '../analysis/views.ts'
import { writeErrorLine } from '../error-line.ts'
import { wantsStreams } from '../follow/option.ts'
import { type Io, processIo } from '../io.ts'
import type { RunOptions } from '../run.ts'
import { runLive } from '../trace/live-run.ts'

/** The last segments of a command are seen after its end: connections that the kernel closes for it, ms. */
const AFTERMATH_MS = 100

/** Whether a connection failed, for `--check`: its outcome says so, or an error that its application got. */
class FailureWatch implements View {
  hasFailed = false
  #parts: ViewParts | undefined

  open(parts: ViewParts): View {
    this.#parts = parts
    return this
  }

  /** Nothing else says that connections are missing. */
  check(): void {
    const { unowned = 0 } = this.#parts?.processes ?? {}
    if (unowned > 0)
      this.#parts?.io.note(`${count(unowned, 'connection')} not shown: the process is not known`)
  }

  flow({ outcome }: FlowRecord): void {
    if (outcome === 'refused' || outcome === 'timeout' || outcome === 'unreachable' || outcome === 'reset')
      this.hasFailed = true
  }

  verdict({ final, error }: Verdict): void {
    if (final && error !== undefined) this.hasFailed = true
  }
}

/** Runs the command, traced, and ends as it did. */
export async function runRun(file: string, args: readonly string[], options: RunOptions): Promise<void> {
  exitLeavingTerminal(await runTraced(file, args, options))
}

/** The exit status for `socktrace` itself. */
async function runTraced(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  const tree = new ProcessTree(true, readOrigin)
  const failures = new FailureWatch()
  let command: Command | undefined
  let output: OutputFile | undefined
  try {
    checkOutput(options)
    const user = userOf(options.user)
    output = options.output === undefined ? undefined : new OutputFile(options.output)
    const fd = output?.fd ?? 2
    const begin = (stop: () => void): void => {
      const started = new Command(file, args, user)
      command = started
      if (started.pid !== undefined) tree.plant(started.pid)
      started.ended.then(() => delay(started.failure === undefined ? AFTERMATH_MS : 0)).then(stop)
    }
    const io = reportIo(options, fd, () => command?.failure === undefined)
    // libpcap's `cap` knows no other way.
    const promiscuous = options.engine === 'cap'
    await runLive('', { ...options, promiscuous }, io, undefined, {
      ...(choosesOutput(options) ? {} : { selection: CONNECTIONS }),
      tree,
      begin,
      views: [(parts) => failures.open(parts)],
      command: 'run',
      goesWithout: true,
      outputFd: fd,
      leavesSignals: true,
    })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    writeErrorLine(error, [])
    if (command === undefined) return COMMAND_FAILED
  } finally {
    output?.close()
  }
  return exitStatus(file, command!, options.check === true && failures.hasFailed)
}

/** Of the command; it goes on when tracing it has ended early. */
async function exitStatus(file: string, command: Command, hasFailures: boolean): Promise<number> {
  const status = await command.ended
  if (command.failure !== undefined) {
    const why = WHY_NOT[command.failure] ?? command.failure
    writeErrorLine(new UserError(`Cannot run ${JSON.stringify(file)}: ${why}`), [])
  }
  return status === 0 && hasFailures ? EXIT.finding : status
}

/** Standard output is the command's. */
function checkOutput({ write, output }: RunOptions): void {
  if (write === '-' || output === '-')
    throw new UserError("Cannot write to standard output: it is the command's", { hint: 'name a file' })
}

function userOf(name: string | undefined): Invoker | undefined {
  if (name === undefined) return undefined
  const account = findUser(name)
  if (account === undefined)
    throw new UserError(`Cannot run the command as ${JSON.stringify(name)}: no such user`)
  return account
}

/** Without another choice: each connection in a line, once it has ended, and why it failed. */
const CONNECTIONS = { events: false, flows: true, verdicts: true, summary: false } as const

function choosesOutput(options: RunOptions): boolean {
  const { json, events, flows, failures, packets, summary } = options
  const words = json || events || flows || failures || packets || summary
  return words === true || wantsStreams(options) || wantsViews(options)
}

/** JSON on standard error stands alone: no notes between its lines. Nothing is said of a command that did not run. */
function reportIo({ quiet, json }: RunOptions, fd: number, hasRun: () => boolean): Io {
  const io = processIo(quiet === true || (json === true && fd === 2), fd)
  return {
    ...io,
    note: (text) => {
      if (hasRun()) io.note(text)
    },
  }
}

const WHY_NOT: Readonly<Record<string, string>> = {
  ENOENT: 'no such command',
  EACCES: 'no permission to execute it',
  ENOEXEC: 'it is no program',
  E2BIG: 'its arguments are too long',
}
