import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { installCommand } from './install-command.ts'
import { readSysctl } from './sysctl.ts'

/** util-linux's and busybox's spelling: a user namespace whose root we are, with a network namespace of its own. */
const UNSHARE = ['-U', '-r', '-n'] as const

/** Switches that forbid user namespaces to ordinary users, each with the value that forbids and the mend. */
const SWITCHES: readonly { readonly name: string; readonly forbids: number; readonly allow: number }[] = [
  { name: 'kernel.unprivileged_userns_clone', forbids: 0, allow: 1 },
  { name: 'user.max_user_namespaces', forbids: 0, allow: 15000 },
  { name: 'user.max_net_namespaces', forbids: 0, allow: 15000 },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: 1, allow: 0 },
]

/** Why an ordinary user cannot have network namespaces here, and the command that allows it. */
export interface Refusal {
  readonly reason: string
  /** Absent where only more privileges help. */
  readonly mend: string | undefined
}

/** Tries it: `undefined` when a user namespace with a network namespace in it can be made. */
export function userNamespaceRefusal(): Refusal | undefined {
  const { error, status, stderr } = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' })
  if (status === 0) return undefined
  if (error !== undefined)
    return { reason: 'there is no `unshare` program', mend: installCommand('util-linux') }
  for (const { name, forbids, allow } of SWITCHES)
    if (readSysctl(name) === forbids)
      return { reason: `${name} is ${forbids}`, mend: `sudo sysctl ${name}=${allow}` }
  return { reason: stderr.trim() || 'the kernel refuses user namespaces', mend: undefined }
}

/** Whether we are root to this machine's files, and not of a user namespace alone (user_namespaces(7): all ids are mapped). */
export function isRealRoot(): boolean {
  try {
    return (
      process.geteuid?.() === 0 &&
      /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'))
    )
  } catch {
    return process.geteuid?.() === 0
  }
}

/** Runs a program as root of a new user namespace, with our standard streams. */
export function spawnInUserNamespace(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ChildProcess {
  return spawn('unshare', [...UNSHARE, file, ...args], { stdio: 'inherit', env })
}
