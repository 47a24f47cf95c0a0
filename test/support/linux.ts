import { release } from 'node:os'

/** True when the running kernel is that one or a younger one. */
export function isLinux([major, minor]: readonly [major: number, minor: number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(release())!.map(Number) as [number, number, number]
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** Since then resets are told with their reason, and those without a socket too. */
export const TELLS_RESET_REASONS: boolean = isLinux([6, 10])
