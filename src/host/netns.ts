import { statSync } from 'node:fs'

/** Inode of the calling thread's network namespace (`setns` moves one thread only); `null` without /proc. */
export function currentNetns(): number | null {
  try {
    return statSync('/proc/thread-self/ns/net').ino
  } catch {
    return null
  }
}
