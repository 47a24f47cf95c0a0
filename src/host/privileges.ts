import { readFileSync, realpathSync } from 'node:fs'

/** Numbers of the capabilities that the program can make use of (linux/capability.h). */
const CAPABILITIES = {
  cap_dac_read_search: 2,
  cap_net_admin: 12,
  cap_net_raw: 13,
  cap_sys_ptrace: 19,
  cap_sys_admin: 21,
  cap_perfmon: 38,
  cap_bpf: 39,
} as const

export type Capability = keyof typeof CAPABILITIES

/** The effective capabilities of the main thread, one bit each. */
export function effectiveCapabilities(): bigint {
  try {
    const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))
    return BigInt(`0x${mask?.[1] ?? '0'}`)
  } catch {
    return 0n
  }
}

export function hasCapability(capability: Capability): boolean {
  return ((effectiveCapabilities() >> BigInt(CAPABILITIES[capability])) & 1n) === 1n
}

/** How to get missing capabilities: for this once, or for good. */
export function grantHint(capabilities: readonly Capability[]): string {
  return `run it with sudo, or allow it for good: sudo setcap ${capabilities.join(',')}+ep ${executable()}`
}

/** The file that carries the capabilities: the running program, or the Node that runs it. */
function executable(): string {
  try {
    return realpathSync(process.execPath)
  } catch {
    return process.execPath
  }
}
