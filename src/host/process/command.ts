import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { exitNow } from '../libc.ts'
import { asUser, type Invoker } from './invoker.ts'

/** Exit statuses of env(1), time(1) and the like for a command that did not start. */
export const COMMAND_FAILED = 125
export const COMMAND_NOT_RUN = 126
export const COMMAND_NOT_FOUND = 127

/** Added to the number of the signal that ended a command, as shells do. */
const SIGNALLED = 128

/** Sent on to the command when they were meant for it alone. */
const FORWARDED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const

/** Those that a terminal itself sends to everybody in its foreground, the command included. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGHUP'])

/**
 * A command with our standard streams, in our process group, so that the terminal and its job control are its own.
 * It has the rights that we have now: start it before any are given up. Until it has ended, signals that are sent to
 * us are sent on to it.
 */
export class Command {
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined
  /** Its exit status as a shell tells it, once it has ended; 126 or 127 when it could not be started. */
  readonly ended: Promise<number>
  /** Why it could not be started: the name of the errno. Known once `ended` is. */
  failure: string | undefined

  /** Starts it; `user` unless given is who we are. */
  constructor(file: string, args: readonly string[], user?: Invoker) {
    // Before it is started: it may be heard of, and signalled through us, before spawn() returns.
    const forget = this.#forwardSignals()
    try {
      const child = startAs(user, (ids) => spawn(file, args, { stdio: 'inherit', ...ids }))
      this.pid = child.pid
      this.ended = new Promise((resolve) => {
        child.once('error', (error) => resolve(this.#notStarted(error, file)))
        child.once('exit', (code, signal) =>
          resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])),
        )
      })
      this.ended.then(forget)
    } catch (error) {
      forget()
      // Node throws what it does not expect of a good file name: E2BIG, ENOTDIR, EPERM of setuid().
      this.ended = Promise.resolve(this.#notStarted(error as Error, file))
    }
  }

  /** A key of the terminal has reached the command already, when we stand in the foreground together. */
  #forwardSignals(): () => void {
    const forward = (signal: NodeJS.Signals): void => {
      if (this.pid === undefined || (FROM_TERMINAL.has(signal) && isInForeground())) return
      try {
        process.kill(this.pid, signal)
      } catch {
        // It became another user's, whom we may not signal: as it would be without us.
      }
    }
    for (const signal of FORWARDED) process.on(signal, forward)
    return () => {
      for (const signal of FORWARDED) process.off(signal, forward)
    }
  }

  #notStarted(error: NodeJS.ErrnoException, file: string): number {
    // Node asks for a name; execvp(3) looks for it.
    this.failure = file === '' ? 'ENOENT' : (error.code ?? error.message)
    return this.failure === 'ENOENT' ? COMMAND_NOT_FOUND : COMMAND_NOT_RUN
  }
}

/** Only root can take the groups of an account; whoever else asks for a user is told by spawn(). */
function startAs<T>(user: Invoker | undefined, start: (ids: { uid?: number; gid?: number }) => T): T {
  if (user === undefined) return start({})
  if (process.geteuid?.() !== 0) return start({ uid: user.uid, gid: user.gid })
  return asUser(user, () => start({}))
}

/**
 * Ends with this status once everything is written and closed. On its way out Node would put the terminal's settings
 * back to those at its start, and undo what the command has set (stty, reset).
 */
export function exitLeavingTerminal(status: number): void {
  process.exitCode = status
  if ([0, 1, 2].some((fd) => isatty(fd))) exitNow(status)
}

/** proc_pid_stat(5): our process group is the one that the terminal gives its keys to. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    // Behind the name: state, ppid, pgrp, session, tty_nr, tpgid.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === foreground
  } catch {
    return false
  }
}
