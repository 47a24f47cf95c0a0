import { UserError } from '../../user-error.ts'
import { SystemError } from '../libc.ts'
import { isRefused } from '../mend.ts'

/** What came of trying one thing. */
export interface Probe {
  readonly status: 'ok' | 'degraded' | 'missing'
  readonly detail: string
  /** The exact command that mends it. */
  readonly mend?: string
}

/** Whether a failure is the lack of a privilege, which a capability would mend. */
export function isRefusal(error: unknown): boolean {
  return isRefused(error instanceof UserError ? error.cause : error)
}

/** A failure in words that fit a table. */
export function reasonOf(error: unknown): string {
  if (error instanceof UserError && error.cause instanceof SystemError) return error.cause.message
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}
