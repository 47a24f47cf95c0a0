import { accessSync, constants } from 'node:fs'

/** Where the system keeps its programs; on NixOS only the last. Folders of PATH may be those of another user. */
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/run/current-system/sw/bin'] as const

/** Absolute path of a program that is run as root or with a capability, never by PATH; `undefined` where it is not. */
export function systemProgram(name: 'ip' | 'nft'): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${name}`).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
