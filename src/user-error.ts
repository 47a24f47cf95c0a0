/** The exit codes of every command (README, "Exit codes"). */
export const EXIT = {
  fine: 0,
  finding: 1,
  usage: 2,
  privilege: 3,
  input: 4,
  internal: 5,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/**
 * A mistake or lack that the user can mend. Caught once, in `cli/main.ts`, which prints
 * `socktrace: MESSAGE` and the hint on one line of stderr and exits with `exitCode`.
 *
 * `message` states the action that failed (`Cannot open "x": no such file`), `hint` what to do.
 */
export class UserError extends Error {
  readonly hint: string | undefined
  readonly exitCode: ExitCode

  constructor(message: string, options: { hint?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'UserError'
    this.hint = options.hint
    this.exitCode = options.exitCode ?? EXIT.usage
  }
}
