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

/** Node's own, which its type definitions lack. */
interface InitGroups {
  initgroups(user: string, extraGroup: number): void
}

/** Those of a user of /etc/group; of one that has no name, its own group alone. */
export function takeGroups({ name, gid }: Pick<Invoker, 'name' | 'gid'>): void {
  if (name === undefined) process.setgroups!([gid])
  else (process as unknown as InitGroups).initgroups(name, gid)
}
