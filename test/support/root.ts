import { test } from 'node:test'

/** True when the tests run with every privilege. */
export const isRoot: boolean = process.getuid?.() === 0

/** A test that needs root (namespaces, packet sockets, tracepoints): skipped, and counted as such, without it. */
export function rootTest(name: string, body: () => void | Promise<void>): void {
  if (isRoot) test(name, body)
  else test(name, { skip: 'needs root' }, () => {})
}
