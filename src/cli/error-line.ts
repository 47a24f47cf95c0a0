import { sanitize } from '../render/sanitize.ts'
import { EXIT, type ExitCode, UserError } from '../user-error.ts'
import { processIo } from './io.ts'

const CODE_NAMES: Readonly<Record<ExitCode, string>> = {
  [EXIT.fine]: 'fine',
  [EXIT.finding]: 'finding',
  [EXIT.usage]: 'usage',
  [EXIT.privilege]: 'privilege',
  [EXIT.input]: 'input',
  [EXIT.internal]: 'internal',
}

/**
 * One line on stderr: the action and the mend. With `--json` the last line on stdout says the same, so that a
 * reader of the NDJSON need not look elsewhere. Returns the exit code.
 */
export function writeErrorLine(error: UserError, args: readonly string[]): ExitCode {
  const io = processIo()
  if (args.includes('--json')) {
    const { message, hint } = error
    io.write(`${JSON.stringify({ type: 'error', code: CODE_NAMES[error.exitCode], message, hint })}\n`)
  }
  io.note(sanitize(`socktrace: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`))
  return error.exitCode
}

/** A fault of our own: the whole stack, since somebody has to find it. */
export function writeCrash(error: unknown, args: readonly string[]): ExitCode {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const code = writeErrorLine(
    new UserError('Internal error', {
      hint: 'please report it with the lines below',
      exitCode: EXIT.internal,
    }),
    args,
  )
  processIo().note(detail)
  return code
}
