import type { Capability } from '../host/privileges.ts'

type Kept = Readonly<Partial<Record<Capability, string>>>

const OWNERS: Kept = {
  cap_sys_ptrace: 'descriptors and namespaces of other users’ processes (/proc/PID/fd, ns)',
  cap_dac_read_search: 'to get to them',
}

const VERDICTS: Kept = {
  cap_sys_admin: 'sockets, routes and counters of other network namespaces (setns)',
  cap_net_admin: 'the rules of the packet filter (nft)',
}

/**
 * What each command keeps once its handles are open, and why; all else is given up. Packets and what the kernel
 * tells go on coming through descriptors that are open.
 */
export const KEPT = {
  read: {},
  replay: { cap_dac_read_search: 'the files are opened again to go back in them' },
  trace: { ...OWNERS, ...VERDICTS },
  view: { ...OWNERS, ...VERDICTS, cap_net_admin: 'the rules of the packet filter (nft); to close a socket' },
  connect: { ...OWNERS, ...VERDICTS },
  run: { ...OWNERS, ...VERDICTS, cap_kill: 'signals for a command that runs as another user' },
} as const satisfies Readonly<Record<string, Kept>>

export function keptBy(command: keyof typeof KEPT): Capability[] {
  return Object.keys(KEPT[command]) as Capability[]
}
