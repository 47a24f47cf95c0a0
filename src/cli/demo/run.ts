import { once } from 'node:events'
import { Lab } from '../../host/lab.ts'
import { selfCommand } from '../../host/process/self-command.ts'
import { spawnInUserNamespace, userNamespaceRefusal } from '../../host/user-namespace.ts'
import { EXIT, type ExitCode, UserError } from '../../user-error.ts'
import type { DemoOptions } from '../demo.ts'
import { processIo } from '../io.ts'
import type { CommonOptions } from '../options.ts'
import { runLab } from './lab.ts'
import { SCENES } from './scenes.ts'
import { Stage } from './stage.ts'
import { type DemoView, jsonView, textView } from './view.ts'

/** Set for the run inside the user namespace, so that a refusal there is not answered with another one. */
const INSIDE = 'SOCKTRACE_USER_NAMESPACE'

const INTERRUPTED = 'interrupted'

/** Plays every scene here, or as root of a user namespace where this process may not make network namespaces. */
export async function runDemo(command: readonly string[], options: DemoOptions): Promise<void> {
  if (command.length > 0 && !options.lab)
    throw new UserError(`demo takes no command: ${JSON.stringify(command[0])}`, {
      hint: 'it is run in the lab with `socktrace demo --lab COMMAND`',
    })
  if (!Lab.isPossible()) await playInUserNamespace()
  else if (options.lab) await runLab(command, processIo(options.quiet))
  else await play(options)
}

async function play(options: CommonOptions): Promise<void> {
  const originSeconds = Math.floor(Date.now() / 1000)
  const io = processIo(options.quiet)
  const view = options.json ? jsonView(io) : textView(io, options, originSeconds)
  const stop = new AbortController()
  const interrupt = (): void => stop.abort(INTERRUPTED)
  // Ctrl-C in the user namespace comes twice: from the terminal, and passed on by the process outside.
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt)
  try {
    view.open()
    await playScenes(view, originSeconds, stop)
    view.close()
  } catch (error) {
    if (!stop.signal.aborted) throw error
    if (stop.signal.reason !== INTERRUPTED) throw stop.signal.reason
    io.note('socktrace: interrupted, the namespaces, the cable and the programs are gone')
  }
}

/** However it ends, nothing is left behind. */
async function playScenes(view: DemoView, originSeconds: number, stop: AbortController): Promise<void> {
  const stage = await Stage.open(view, originSeconds, stop)
  try {
    for (const [index, scene] of SCENES.entries()) {
      view.scene(index + 1, scene)
      await stage.play(scene.play)
    }
    await stage.end()
  } finally {
    await stage.close()
  }
}

async function playInUserNamespace(): Promise<void> {
  const refusal =
    process.env[INSIDE] === undefined
      ? userNamespaceRefusal()
      : { reason: 'the user namespace may not make network namespaces', mend: undefined }
  if (refusal !== undefined)
    throw new UserError(`Cannot make network namespaces: no CAP_SYS_ADMIN, and ${refusal.reason}`, {
      hint: refusal.mend === undefined ? 'run with sudo' : `${refusal.mend}, or run with sudo`,
      exitCode: EXIT.privilege,
    })
  const { file, prefix } = selfCommand()
  const child = spawnInUserNamespace(file, [...prefix, ...process.argv.slice(2)], {
    ...process.env,
    // Who called sudo to become this user is nobody inside.
    SUDO_UID: undefined,
    [INSIDE]: '1',
  })
  // The child cleans up and ends, and so do we.
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal)
  process.on('SIGINT', forward).on('SIGTERM', forward).on('SIGHUP', forward)
  const [code] = (await once(child, 'exit')) as [number | null]
  process.exitCode = (code ?? EXIT.internal) as ExitCode
}
