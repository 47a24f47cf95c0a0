import { VERSION } from './version.ts'

/**
 * Entry of `bin/socktrace` and of the one executable. `--version` loads nothing else; the exit code is left in
 * `process.exitCode`, so that the process ends by itself once every handle is closed.
 */
export async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${VERSION}\n`)
    return
  }
  const { run } = await import('./program.ts')
  process.exitCode = await run(args)
}
