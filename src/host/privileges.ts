import { readFileSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import * as libc from './libc.ts'
import { type Invoker, invoker, takeGroups } from './process/invoker.ts'

/** Numbers of the capabilities that the program can make use of (linux/capability.h). */
const CAPABILITIES = {
  cap_dac_read_search: 2,
  cap_kill: 5,
  cap_setuid: 7,
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

const PR_SET_DUMPABLE = 4
const PR_SET_KEEPCAPS = 8
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_RAISE = 2
const PR_CAP_AMBIENT_CLEAR_ALL = 4
/** Version 3 of the capability calls: 64 bits in two sets of u32 {effective, permitted, inheritable}. */
const CAPABILITY_VERSION = 0x20080522
/** Bits of a capability set; numbers beyond the kernel's last one are refused. */
const CAPABILITY_BITS = 64
/** The user that nobody is: what other threads become where the main thread stays uid 0. */
const NOBODY = 65_534

/**
 * Gives up every privilege except `keep`, for good. Call it once, on the main thread, after every handle is open
 * and before a dynamic import could need root to read its file.
 *
 * Under sudo the process becomes the invoking user; without it root stays uid 0 with the reduced set.
 * Capabilities belong to a thread: what is kept works in synchronous calls of the main thread, all other threads
 * are left with nothing (where they came from the program's file, not from root, out of reach and unchanged).
 * A program that is started afterwards gets no more than what is kept, not even as root.
 */
export function dropPrivileges(keep: readonly Capability[]): void {
  if (process.platform !== 'linux') return
  const kept = keep.filter(hasCapability)
  forbidMore(kept)
  if (process.geteuid?.() !== 0) {
    setCapabilities(kept)
    return
  }
  const user = invoker()
  libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
  if (user !== undefined && user.uid !== 0) becomeUser(user)
  else {
    // The C library changes the user of every thread, which takes the capabilities of all but this one: it keeps
    // them and goes back alone. There is no other way to reach the threads of V8 and libuv.
    if (becameNobody()) {
      setCapabilities([...kept, 'cap_setuid'])
      if (libc.setresuidHere(0, 0, 0) === -1) throw libc.lastError('Cannot go back to uid 0')
    }
  }
  setCapabilities(kept)
  if (kept.length === 0) libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
}

/** The account that `-Z` names. Throws `UserError` when there is none, or when this process may not become it. */
export function accountFor(user: string): Invoker {
  if (process.geteuid?.() !== 0)
    throw new UserError(`Cannot become user ${JSON.stringify(user)}: only root can`, {
      hint: 'run it with sudo, or leave -Z out',
      exitCode: EXIT.privilege,
    })
  const account = findUser(user)
  if (account === undefined)
    throw new UserError(`Cannot become user ${JSON.stringify(user)}: no such user`, { exitCode: EXIT.usage })
  return account
}

/** Becomes `user` (a name or a number) and gives up everything. Throws `UserError` when there is no such user. */
export function becomeUnprivileged(user: string): void {
  const account = accountFor(user)
  forbidMore([])
  becomeUser(account)
  // The change of user hid the process from itself (/proc/self/fd); it holds nothing worth hiding any more.
  libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
}

/**
 * Runs `action` so that a program started in it has those of `capabilities` that this thread has: without it, an
 * ordinary user's child has none of what was kept. Nothing else changes, and nothing remains afterwards.
 */
export function lend<T>(capabilities: readonly Capability[], action: () => T): T {
  const lent = capabilities.filter(hasCapability)
  if (lent.length === 0 || process.geteuid?.() === 0) return action()
  const held = (Object.keys(CAPABILITIES) as Capability[]).filter(hasCapability)
  setCapabilities(held, lent)
  for (const capability of lent)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAPABILITIES[capability], 0, 0)
  try {
    return action()
  } finally {
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    setCapabilities(held)
  }
}

/**
 * What this thread executes gets at most `kept`: an exec() by root gives all of the bounding set, which only
 * CAP_SETPCAP may shrink, and neither it nor a set-user-id file gives anything new once no_new_privs is set. What is
 * lent goes on working: ambient capabilities are nothing new.
 */
function forbidMore(kept: readonly Capability[]): void {
  const mask = maskOf(kept)
  for (let bit = 0; bit < CAPABILITY_BITS; bit++)
    if (((mask >> BigInt(bit)) & 1n) === 0n) libc.prctl(PR_CAPBSET_DROP, bit, 0, 0, 0)
  libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

/** False in a user namespace that has no such user: its root is an ordinary user to everything outside. */
function becameNobody(): boolean {
  try {
    process.setuid!(NOBODY)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    return false
  }
}

/** Groups first: afterwards the right to change them is gone. */
function becomeUser({ uid, gid, name }: Invoker): void {
  takeGroups({ name, gid })
  process.setgid!(gid)
  process.setuid!(uid)
}

/** An account of /etc/passwd: `name:password:uid:gid:…`. */
export function findUser(user: string): Invoker | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if ((name === user || uid === user) && uid !== undefined && gid !== undefined)
      return { uid: Number(uid), gid: Number(gid), name }
  }
  return undefined
}

/** Permitted and effective become exactly `capabilities`, on this thread; a child may inherit `inheritable`. */
function setCapabilities(capabilities: readonly Capability[], inheritable: readonly Capability[] = []): void {
  const [mask, inherited] = [maskOf(capabilities), maskOf(inheritable)]
  const header = new Uint8Array(8)
  new DataView(header.buffer).setUint32(0, CAPABILITY_VERSION, true)
  const sets = new Uint8Array(24)
  const view = new DataView(sets.buffer)
  for (const [half, bits] of [mask & 0xffffffffn, mask >> 32n].entries()) {
    view.setUint32(half * 12, Number(bits), true)
    view.setUint32(half * 12 + 4, Number(bits), true)
    view.setUint32(half * 12 + 8, Number(half === 0 ? inherited & 0xffffffffn : inherited >> 32n), true)
  }
  if (libc.capset(header, sets) === -1) throw libc.lastError('Cannot give up capabilities')
}

function maskOf(capabilities: readonly Capability[]): bigint {
  return capabilities.reduce((bits, name) => bits | (1n << BigInt(CAPABILITIES[name])), 0n)
}
