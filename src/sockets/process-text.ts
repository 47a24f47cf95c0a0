/** Text of the files below /proc/PID (proc(5)). */

/** `/proc/PID/stat`: the name stands in parentheses and may itself hold spaces and parentheses. */
export function parseStat(text: string): { comm: string; ppid: number } | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open === -1 || close < open) return undefined
  const ppid = Number(text.slice(close + 1).split(' ')[2])
  return Number.isInteger(ppid) ? { comm: text.slice(open + 1, close), ppid } : undefined
}

/** Who a process is: its number may be another's later, never with the same start. */
export interface Origin {
  readonly parent: number
  /** Clock ticks after boot. */
  readonly start: number
}

/** `/proc/PID/stat`: fields 4 and 22. */
export function parseOrigin(text: string): Origin | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 1).split(' ')
  const [parent, start] = [Number(fields[2]), Number(fields[20])]
  return Number.isInteger(parent) && Number.isInteger(start) ? { parent, start } : undefined
}

/** Real user id in `/proc/PID/status`. */
export function parseUid(text: string): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(text)?.[1]
  return uid === undefined ? undefined : Number(uid)
}

/** `/proc/PID/cmdline`: arguments that end in NUL. Empty for a kernel thread and a zombie. */
export function parseCommandLine(text: string): string | undefined {
  const line = text.replace(/\0+$/, '').replaceAll('\0', ' ')
  return line === '' ? undefined : line
}

/**
 * The container that `/proc/PID/cgroup` names: the first 12 digits of a 64-digit id, as Docker, Podman,
 * containerd and CRI-O put it into the path, or the name of an LXC container.
 */
export function parseContainer(text: string): string | undefined {
  const id = /(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])/.exec(text)?.[1]
  if (id !== undefined) return id.slice(0, 12)
  return /\/lxc(?:\.payload\.|\/)([^/\n]+)/.exec(text)?.[1]
}

/** The whole id of a container, 64 digits, which names its files. */
export function parseContainerId(text: string): string | undefined {
  return /(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])/.exec(text)?.[1]
}

/** The systemd unit that a cgroup path ends in: the innermost service, scope or socket. */
export function parseUnit(text: string): string | undefined {
  const [line] = text.match(/^(?:0::|\d+:name=systemd:).*$/m) ?? []
  return line?.split('/').findLast((part) => /\.(?:service|scope|socket)$/.test(part))
}

/** The id of a Kubernetes pod: `kubepods…/pod<uid>`, whose dashes systemd makes underscores. */
export function parsePod(text: string): string | undefined {
  const pod = /kubepods[^\n]*?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})/.exec(text)?.[1]
  return pod?.replaceAll('_', '-')
}

/** Inode of a descriptor's link text `socket:[12345]`; -1 for anything that is not a socket. */
export function socketInode(link: string): number {
  return link.startsWith('socket:[') ? Number(link.slice(8, -1)) : -1
}
