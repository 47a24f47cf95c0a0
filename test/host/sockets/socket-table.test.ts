import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { SystemError } from '../../../src/host/libc.ts'
import { SockDiag } from '../../../src/host/sockets/netlink.ts'
import { deniedNote, snapshot } from '../../../src/host/sockets/socket-table.ts'
import {
  AF_INET,
  IPPROTO_TCP,
  inetDumpRequest,
  inetLookupRequest,
} from '../../../src/sockets/diag-request.ts'
import { rootTest } from '../../support/root.ts'

const LOOPBACK = [0x7f000001]

async function pair(): Promise<{ port: number; clientPort: number; close: () => void }> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = net.connect(port, '127.0.0.1')
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  const close = (): void => {
    client.destroy()
    accepted.destroy()
    server.close()
  }
  return { port, clientPort: client.localPort!, close }
}

for (const source of ['netlink', 'proc'] as const)
  test(`${source}: both ends of a connection and its listener are this process's`, async () => {
    const { port, clientPort, close } = await pair()
    const { records } = snapshot({ source, tables: ['tcp'], families: ['inet'] })
    close()
    // Other programs' connections, closed ones too, may have used the same port.
    const mine = records.filter(
      ({ state, local, remote }) =>
        (state === 'LISTEN' && local.port === port) ||
        (local.port === port && remote.port === clientPort) ||
        (local.port === clientPort && remote.port === port),
    )
    assert.deepEqual(
      mine.map(({ state, local, remote }) => `${state} ${local.port} ${remote.port}`).sort(),
      [`ESTABLISHED ${clientPort} ${port}`, `ESTABLISHED ${port} ${clientPort}`, `LISTEN ${port} 0`].sort(),
    )
    for (const { processes, cookie } of mine) {
      assert.deepEqual([processes.length, processes[0]?.pid], [1, process.pid])
      assert.equal(cookie !== null, source === 'netlink')
    }
  })

test('the state mask is for the kernel', async () => {
  const { port, close } = await pair()
  const { records } = snapshot({ tables: ['tcp'], states: 1 << 10, processes: false })
  close()
  assert.ok(records.some(({ local }) => local.port === port))
  assert.deepEqual([...new Set(records.map(({ state }) => state))], ['LISTEN'])
})

test('exact lookup: the socket with these ends, or none', async () => {
  const { port, clientPort, close } = await pair()
  const diag = new SockDiag()
  const request = (sourcePort: number, destinationPort: number): Uint8Array =>
    inetLookupRequest(AF_INET, IPPROTO_TCP, {
      source: LOOPBACK,
      destination: LOOPBACK,
      sourcePort,
      destinationPort,
    })
  const ports = (view: DataView, offset: number): number[] => [
    view.getUint16(offset + 4),
    view.getUint16(offset + 6),
  ]
  assert.deepEqual(diag.lookup(request(clientPort, port), ports), [clientPort, port])
  assert.deepEqual(diag.lookup(request(port, clientPort), ports), [port, clientPort])
  close()
  assert.equal(diag.lookup(request(1, 1), ports), undefined)
  diag.close()
})

test('a table that the kernel does not have is an error, not an empty table', () => {
  const diag = new SockDiag()
  // No transport protocol has the number 254.
  assert.throws(() => diag.dump(inetDumpRequest(AF_INET, 254), () => true), SystemError)
  // The next dump is not disturbed by the one that failed.
  assert.ok(Array.isArray(diag.dump(inetDumpRequest(AF_INET, IPPROTO_TCP), () => true).rows))
  diag.close()
})

rootTest('what is missing is said with its mend', () => {
  assert.equal(
    deniedNote(3),
    'the owners of some sockets are unknown: the descriptors of 3 processes cannot be read, not even with every capability',
  )
  process.seteuid!(65_534)
  const note = deniedNote(1)
  process.seteuid!(0)
  assert.match(
    note,
    /^the owners of some sockets are unknown: the descriptors of 1 process cannot be read; run it with sudo, or allow it for good: sudo setcap cap_net_raw,\S+ \S+$/,
  )
  assert.deepEqual(snapshot({ source: 'proc', tables: ['tcp', 'udp'], processes: false }).degraded, [
    'the tcp, udp sockets come from /proc/net: backlogs, cookies, bound devices and unix peers are not known; sudo modprobe -a tcp_diag udp_diag may mend it',
  ])
})
