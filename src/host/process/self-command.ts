import { realpathSync } from 'node:fs'

/** A program and the arguments that come before the caller's. */
export interface SelfCommand {
  readonly file: string
  readonly prefix: readonly string[]
}

/**
 * How this very program is started again, as a child: Node with its own options and this script, or the
 * one executable, which takes its arguments directly.
 */
export function selfCommand(): SelfCommand {
  if (isSingleExecutable()) return { file: process.execPath, prefix: [] }
  const script = process.argv[1]
  if (script === undefined) throw new Error('The path of the running script is not known')
  return { file: process.execPath, prefix: [...process.execArgv, realpathSync(script)] }
}

/** True inside the packaged executable (Node's single executable application). */
function isSingleExecutable(): boolean {
  // `node:sea` is newer (20.12) than the oldest Node that the program runs on, so it is asked for, not imported.
  const sea = process.getBuiltinModule?.('node:sea') as { isSea(): boolean } | undefined
  return sea?.isSea() ?? false
}
