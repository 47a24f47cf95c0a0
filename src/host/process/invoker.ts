import * as libc from '../libc.ts'

/** Who the program acts for when it was started through sudo. */
export interface Invoker {
  readonly uid: number
  readonly gid: number
  readonly name: string | undefined
}

/** The user who called sudo; `undefined` when nobody did. */
export function invoker(): Invoker | undefined {
  const { SUDO_UID: uid, SUDO_GID: gid, SUDO_USER: name } = process.env
  if (process.geteuid?.() !== 0 || uid === undefined || gid === undefined) return undefined
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined
  return { uid: Number(uid), gid: Number(gid), name }
}

/** Runs `action` with the rights of who called sudo, so that root's lend it nothing; as it is, where nobody did. */
export function asInvoker<T>(action: () => T): T {
  const user = invoker()
  if (user === undefined || user.uid === 0) return action()
  const groups = process.getgroups!()
  takeGroups(user)
  process.setegid!(user.gid)
  process.seteuid!(user.uid)
  try {
    return action()
  } finally {
    process.seteuid!(0)
    process.setegid!(0)
    process.setgroups!(groups)
  }
}

/**
 * Runs `action` so that a program started in it is that user's, with all groups of the account: spawn() itself would
 * give it none but the first. For root alone. The way back is this thread's saved user, which exec() takes from the
 * program (execve(2)).
 */
export function asUser<T>(user: Invoker, action: () => T): T {
  const groups = process.getgroups!()
  const [gid, egid] = [process.getgid!(), process.getegid!()]
  try {
    takeGroups(user)
    if (libc.setresgidHere(user.gid, user.gid, egid) === -1) throw libc.lastError('Cannot take the group')
    if (libc.setresuidHere(user.uid, user.uid, 0) === -1) throw libc.lastError('Cannot become the user')
    return action()
  } finally {
    libc.setresuidHere(0, 0, 0)
    libc.setresgidHere(gid, egid, egid)
    process.setgroups!(groups)
  }
}

/** Node's own, which its type definitions lack. */
interface InitGroups {
  initgroups(user: string, extraGroup: number): void
}

/** Those of a user of /etc/group; of one that has no name, its own group alone. */
export function takeGroups({ name, gid }: Pick<Invoker, 'name' | 'gid'>): void {
  if (name === undefined) process.setgroups!([gid])
  else (process as unknown as InitGroups).initgroups(name, gid)
}
