import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceHint } from '../../src/render/service-hints.ts'
import type { Netid, SocketRecord } from '../../src/sockets/socket.ts'
import { SOCKETS } from '../support/socket-fixtures.ts'

for (const [netid, local, remote, hint] of [
  ['tcp', 5432, 0, 'PostgreSQL'],
  ['tcp', 40_000, 6379, 'Redis'],
  // A server's connection: its own port says what it is, not what the client's happens to be.
  ['tcp', 443, 9042, 'HTTPS'],
  ['udp', 443, 0, 'HTTP/3 (QUIC)'],
  ['udp', 5432, 0, ''],
  ['tcp', 40_000, 40_001, ''],
  ['raw', 22, 0, ''],
] as const)
  test(`${netid} ${local} to ${remote} is usually ${hint || 'unknown'}`, () => {
    const record: SocketRecord = {
      ...SOCKETS[0]!,
      netid: netid satisfies Netid,
      local: { addr: '127.0.0.1', port: local },
      remote: { addr: '127.0.0.1', port: remote },
    }
    assert.equal(serviceHint(record), hint)
  })
