import { writeAll } from '../host/output.ts'
import { jsonLine } from '../render/json-text.ts'
import { sanitize } from '../render/sanitize.ts'
import { EXIT, type ExitCode, UserError } from '../user-error.ts'

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
  if (args.includes('--json')) {
    const { message, hint } = error
    const line = jsonLine({ type: 'error', code: CODE_NAMES[error.exitCode], message, hint })
    try {
      writeAll(1, Buffer.from(line))
    } catch {
      // Standard output is full or gone: that is the error, most likely. Standard error still tells it.
    }
  }
  const hint = error.hint === undefined ? '' : `; ${error.hint}`
  writeAll(2, Buffer.from(`${sanitize(`socktrace: ${error.message}${hint}`)}\n`))
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
  writeAll(2, Buffer.from(`${detail.split('\n').map(sanitize).join('\n')}\n`))
  return code
}
