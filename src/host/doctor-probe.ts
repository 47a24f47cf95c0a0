import { realpathSync } from 'node:fs'
import { UserError } from '../user-error.ts'
import { SystemError } from './libc.ts'
import type { Capability } from './privileges.ts'

/** What came of trying one thing. */
export interface Probe {
  readonly status: 'ok' | 'degraded' | 'missing'
  readonly detail: string
  /** The exact command that mends it. */
  readonly mend?: string
}

/** All that any command makes use of. `setcap` replaces what a file had, so one command has to give them all. */
const CAPABILITIES = 'cap_net_raw,cap_perfmon,cap_bpf,cap_sys_ptrace,cap_dac_read_search'

/** The command that gives this program its privileges for good; a root without them is one inside a container. */
export function privilegeMend(missing: readonly Capability[]): string {
  const names = missing.map((name) => name.toUpperCase().replace('CAP_', ''))
  if (process.geteuid?.() === 0) return `docker run --cap-add ${names.join(' --cap-add ')} …`
  return `sudo setcap ${CAPABILITIES}+ep ${realpathSync(process.execPath)}`
}

/** Whether a failure is the lack of a privilege, which a capability would mend. */
export function isRefusal(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'EPERM' || code === 'EACCES'
}

/** A failure in words that fit a table. */
export function reasonOf(error: unknown): string {
  if (error instanceof UserError && error.cause instanceof SystemError) return error.cause.message
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}
