import { readFileSync, realpathSync, statSync } from 'node:fs'
import { type Capability, hasCapability } from './privileges.ts'
import { readSysctl } from './sysctl.ts'

/** All that any command makes use of. `setcap` replaces what a file had, so one command has to give them all. */
const EVERY = ['cap_net_raw', 'cap_perfmon', 'cap_bpf', 'cap_sys_ptrace', 'cap_dac_read_search'] as const
/** Those that count only when the machine's own user namespace gave them. */
const MACHINE_WIDE: readonly Capability[] = [
  'cap_perfmon',
  'cap_bpf',
  'cap_sys_ptrace',
  'cap_dac_read_search',
]
const TRACING: readonly Capability[] = ['cap_perfmon', 'cap_dac_read_search']
const TRACEFS = '/sys/kernel/tracing'
/** /proc/self/uid_map of the machine's own user namespace: everybody is who they are. */
const EVERYBODY = /^\s*0\s+0\s+4294967295\s*$/
const OUTSIDE = 'run it outside of this user namespace, whose root has no rights over the kernel'

/** The command that gives this program what it was refused for good; a root who is refused is one inside a container. */
export function grantCommand(wanted: readonly Capability[]): string {
  if (isOutOfReach(wanted)) return OUTSIDE
  if (process.geteuid?.() === 0) return dockerRun(wanted)
  const all = [...EVERY, ...wanted.filter((name) => !(EVERY as readonly Capability[]).includes(name))]
  return `sudo setcap ${all.join(',')}+ep ${realpathSync(process.execPath)}`
}

/** How to get capabilities: for this once, or for good. */
export function grantHint(wanted: readonly Capability[]): string {
  return withSudo(grantCommand(wanted))
}

/**
 * The command for the kernel's tracepoints. Only CAP_SYS_ADMIN can make a tracefs of its own; without it, it has to
 * be mounted by somebody else, and is root's alone (mode 0700).
 */
export function tracepointCommand(): string {
  return isMounted()
    ? eventsCommand(TRACING, '')
    : eventsCommand(TRACING, ` -v ${TRACEFS}:${TRACEFS}`, `sudo mount -t tracefs tracefs ${TRACEFS}`)
}

/** How to get the kernel's tracepoints: for this once, or for good. */
export function tracepointHint(): string {
  return withSudo(tracepointCommand())
}

/** How to get what the kernel tells of processes, which takes no tracefs. */
export function processEventsHint(): string {
  return withSudo(eventsCommand(['cap_perfmon'], ''))
}

/** `docker` is what a container needs besides, `before` what has to be done first elsewhere. */
function eventsCommand(wanted: readonly Capability[], docker: string, ...before: readonly string[]): string {
  if (isOutOfReach(wanted)) return OUTSIDE
  if (process.geteuid?.() === 0)
    return dockerRun(isParanoid() ? [...wanted, 'cap_sys_admin'] : wanted, docker)
  const steps = [...before, ...(isParanoid() ? ['sudo sysctl kernel.perf_event_paranoid=2'] : [])]
  const isHeld = steps.length > 0 && EVERY.every(hasCapability)
  return [...steps, ...(isHeld ? [] : [grantCommand(wanted)])].join(' && ')
}

/** From 3 on Debian's and Ubuntu's kernels give perf events to CAP_SYS_ADMIN alone, whoever has CAP_PERFMON. */
function isParanoid(): boolean {
  return (readSysctl('kernel.perf_event_paranoid') ?? 0) > 2
}

/** Whether a failure is the lack of a privilege. */
export function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'EACCES')
}

/** Mounts and settings are gone when the machine starts again, capabilities of a file are not. */
function withSudo(command: string): string {
  if (!command.startsWith('sudo ')) return command
  const howLong = command.startsWith('sudo setcap') ? 'for good' : 'until the next start'
  return `run it with sudo, or allow it ${howLong}: ${command}`
}

/** Where all are held and it is refused all the same, something else guards the container (seccomp, AppArmor). */
function dockerRun(wanted: readonly Capability[], more = ''): string {
  const missing = wanted.filter((name) => !hasCapability(name))
  const names = missing.map((name) => ` --cap-add ${name.toUpperCase().replace('CAP_', '')}`)
  return `docker run${names.join('') || (more === '' ? ' --privileged' : '')}${more} …`
}

/** In a user namespace of its own even root has rights over nothing but what belongs to that namespace. */
export function isInUserNamespace(): boolean {
  try {
    return !EVERYBODY.test(readFileSync('/proc/self/uid_map', 'latin1'))
  } catch {
    return false
  }
}

function isOutOfReach(wanted: readonly Capability[]): boolean {
  return wanted.some((name) => MACHINE_WIDE.includes(name)) && isInUserNamespace()
}

/** A mounted tracefs belongs to root alone, so that others may not even look. */
function isMounted(): boolean {
  try {
    return statSync(`${TRACEFS}/events`).isDirectory()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}
