import { test } from 'node:test'

/** True when the tests run with every privilege. */
export const isRoot: boolean = process.getuid?.() === 0

/** A test that needs root (namespaces, packet sockets, tracepoints): skipped, and counted as such, without it. */
export function rootTest(name: string, body: () => void | Promise<void>): void {
  if (isRoot) test(name, body)
  else test(name, { skip: 'needs root' }, () => {})
}

/**
 * Runs the rest of a command line as a user without privileges, who cannot write where the coverage of a test run is
 * collected, and would say so.
 */
export const NOBODY: readonly string[] = [
  ...['env', '--unset=NODE_V8_COVERAGE'],
  ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
]
