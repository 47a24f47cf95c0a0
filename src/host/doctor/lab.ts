import { spawnSync } from 'node:child_process'
import { installCommand } from '../install-command.ts'
import { Lab } from '../lab.ts'
import { systemProgram } from '../process/system-program.ts'
import { userNamespaceRefusal } from '../user-namespace.ts'
import type { Probe } from './probe.ts'

/** Makes a network namespace, here or as root of a user namespace; it is gone at once. */
export function probeNamespaces(): Probe {
  if (Lab.isPossible())
    return { status: 'ok', detail: 'network namespaces can be made: `socktrace demo` works' }
  const refusal = userNamespaceRefusal()
  if (refusal === undefined)
    return { status: 'ok', detail: 'network namespaces inside a user namespace: `socktrace demo` works' }
  const { reason, mend = 'sudo socktrace demo' } = refusal
  return { status: 'missing', detail: `\`socktrace demo\` needs root: ${reason}`, mend }
}

export function probeIproute2(): Probe {
  const program = systemProgram('ip')
  if (program !== undefined) {
    const { error, stdout } = spawnSync(program, ['-V'], { encoding: 'utf8' })
    if (error === undefined) return { status: 'ok', detail: stdout.trim() }
  }
  const mend = installCommand('iproute2')
  return { status: 'missing', detail: '`socktrace demo` needs the `ip` program', mend }
}
