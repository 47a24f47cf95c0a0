import { ClosedPipe, writeAll } from '../host/output.ts'
import { EXIT } from '../user-error.ts'
import { keepDebuggerShut } from './signals.ts'
import { VERSION } from './version.ts'

/**
 * Entry of `bin/socktrace` and of the one executable. `--version` loads nothing else; the exit code is left in
 * `process.exitCode`, so that the process ends by itself once every handle is closed.
 */
export async function main(args: readonly string[]): Promise<void> {
  keepDebuggerShut()
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.exitCode = writeVersion()
    return
  }
  const { run } = await import('./program.ts')
  process.exitCode = await run(args)
}

function writeVersion(): number {
  try {
    writeAll(1, Buffer.from(`${VERSION}\n`))
    return EXIT.fine
  } catch (error) {
    return error instanceof ClosedPipe ? EXIT.fine : EXIT.internal
  }
}
