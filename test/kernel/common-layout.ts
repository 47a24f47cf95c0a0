import type { CommonLayout } from '../../src/kernel/layout.ts'

/** Where `struct sock_common` has its members in the records of these tests. */
export const COMMON: CommonLayout = {
  remote: 0,
  local: 4,
  remotePort: 12,
  localPort: 14,
  family: 16,
  net: 48,
  remote6: 56,
  local6: 72,
}
