import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { after, before } from 'node:test'
import type { FlowRecord } from '../../../src/flow/record.ts'
import { ForeignEnds } from '../../../src/host/sockets/foreign-ends.ts'
import type { SocketFinder } from '../../../src/host/sockets/socket-finder.ts'
import { parseAddress } from '../../../src/wire/address.ts'
import { Namespace } from '../../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

// A router between two namespaces, as a host is between its containers: it has neither end's address.
let router: Namespace
let left: Namespace
let right: Namespace
const CLIENT = '10.81.1.2'
const SERVER = '10.81.2.2'
const PORT = 7000

before(() => {
  if (!isRoot) return
  router = new Namespace('router')
  left = new Namespace('left')
  right = new Namespace('right')
  for (const [index, { name }] of [left, right].entries()) {
    const network = `10.81.${index + 1}`
    ip(`-n ${router.name} link add to${index} type veth peer name eth0 netns ${name}`)
    ip(`-n ${router.name} addr add ${network}.1/24 dev to${index}`)
    ip(`-n ${router.name} link set to${index} up`)
    ip(`-n ${name} addr add ${network}.2/24 dev eth0`)
    ip(`-n ${name} link set eth0 up`)
    ip(`-n ${name} route add default via ${network}.1`)
  }
  assert.equal(runCommand(router.inside(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])).status, 0)
})
after(() => {
  if (isRoot) for (const namespace of [left, right, router]) namespace.close()
})

function ip(command: string): void {
  const { status, stderr } = runCommand(['ip', ...command.split(' ')])
  assert.equal(status, 0, `ip ${command}: ${stderr}`)
}

/** A server that answers every connection with a line and closes it. */
const SERVE = `
import socket
s = socket.create_server(("", ${PORT}))
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"hello\\n")
    c.close()`
/** Lives for this one connection. */
const DIAL = `
import os, socket
s = socket.create_connection(("${SERVER}", ${PORT}))
s.makefile().read()
print(os.getpid())`

async function watched(action: () => void): Promise<FlowRecord[]> {
  const trace = new Running(router.inside([builtFile(repository), 'trace', '--flows', '--json']))
  await trace.until('it watches', ({ stderr }) => stderr.includes('listening on'))
  action()
  await trace.until('the flow', ({ stdout }) => stdout.includes('"type":"flow"'))
  assert.equal(await trace.stop('SIGINT'), 0)
  return ndjson<FlowRecord>(trace.stdout).filter(({ type }) => type === 'flow')
}

rootTest('a connection between two other namespaces: both ends are named', async () => {
  const server = new Running(right.inside(['python3', '-c', SERVE]))
  await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
  let client = 0
  const flows = await watched(() => {
    client = Number(runCommand(left.inside(['python3', '-c', DIAL])).stdout)
  })
  await server.stop('SIGTERM')
  assert.deepEqual(
    flows.map(({ process }) => [process?.client?.pid, process?.client?.comm, process?.client?.attribution]),
    [[client, 'python3', 'tracepoint']],
  )
  assert.deepEqual(
    flows.map(({ process }) => [process?.server?.pid, process?.server?.comm, process?.server?.attribution]),
    [[server.pid, 'python3', 'socket']],
  )
  assert.deepEqual([flows[0]?.client.addr, flows[0]?.server.addr], [CLIENT, SERVER])
})

rootTest('an address that two namespaces have names nobody', async () => {
  const twin = new Namespace('twin')
  ip(`-n ${twin.name} link add eth0 type veth peer name peer0`)
  ip(`-n ${twin.name} addr add ${SERVER}/24 dev eth0`)
  ip(`-n ${twin.name} link set eth0 up`)
  const servers = [right, twin].map((namespace) => new Running(namespace.inside(['python3', '-c', SERVE])))
  for (const server of servers) await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
  const flows = await watched(() => {
    assert.notEqual(runCommand(left.inside(['python3', '-c', DIAL])).stdout, '')
  })
  for (const server of servers) await server.stop('SIGTERM')
  twin.close()
  assert.deepEqual(
    flows.map(({ process }) => [process?.client?.comm, process?.server]),
    [['python3', undefined]],
  )
})

const SHARED = '10.81.3.2'
/** Listens, and dials the own address when it gets a signal. */
const SELF = `
import signal, socket
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
s = socket.create_server(("", ${PORT}))
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
d = socket.create_connection(("${SHARED}", ${PORT}))
c, _ = s.accept()
d.close()
c.close()
signal.pause()`

rootTest('an own address on a cable without carrier is of no other namespace that has it too', async () => {
  const [own, twin] = [new Namespace('own'), new Namespace('twin')]
  for (const { name } of [own, twin]) {
    ip(`-n ${name} link add eth0 type veth peer name peer0`)
    ip(`-n ${name} addr add ${SHARED}/24 dev eth0`)
    ip(`-n ${name} link set eth0 up`)
  }
  const server = new Running(own.inside(['python3', '-c', SELF]))
  const other = new Running(twin.inside(['python3', '-c', SELF]))
  for (const running of [server, other])
    await running.until('it listens', ({ stdout }) => stdout.includes('ready'))
  const trace = new Running(own.inside([builtFile(repository), 'trace', '--flows', '--json']))
  await trace.until('it watches', ({ stderr }) => stderr.includes('listening on'))
  process.kill(server.pid, 'SIGUSR1')
  await trace.until('the flow', ({ stdout }) => stdout.includes('"type":"flow"'))
  await trace.stop('SIGINT')
  for (const running of [server, other]) await running.stop('SIGTERM')
  for (const namespace of [own, twin]) namespace.close()
  const [flow] = ndjson<FlowRecord>(trace.stdout)
  assert.deepEqual([flow?.process?.client?.pid, flow?.process?.server?.pid], [server.pid, server.pid])
})

/** Lists of all processes that are made while it runs, each as dear as on a machine with very many of them. */
function listings(action: () => void): number {
  const { readdirSync } = fs
  let count = 0
  fs.readdirSync = ((...args: Parameters<typeof readdirSync>) => {
    if (new Error().stack?.includes('listPids')) {
      count++
      const { user, system } = process.cpuUsage()
      let used = { user, system }
      while (used.user + used.system - user - system < 100_000) used = process.cpuUsage()
    }
    return readdirSync(...args)
  }) as typeof readdirSync
  syncBuiltinESMExports()
  try {
    action()
  } finally {
    fs.readdirSync = readdirSync
    syncBuiltinESMExports()
  }
  return count
}

/** Connects an address to itself; says the port of the client. */
const HELD = (address: string): string => `
import signal, socket
s = socket.create_server(("${address}", ${PORT}))
d = socket.create_connection(("${address}", ${PORT}))
print(d.getsockname()[1], flush=True)
signal.pause()`

rootTest('a search of all processes is paid off before the next one', async () => {
  const lab = new Namespace('budget')
  const address = '10.81.4.2'
  ip(`-n ${lab.name} addr add ${address}/32 dev lo`)
  const program = new Running(lab.inside(['python3', '-c', HELD(address)]))
  await program.until('its port', ({ stdout }) => stdout.includes('\n'))
  const nobody = {
    attribution: 'socket',
    holder: () => undefined,
    holdersAmong: () => [],
  } as unknown as SocketFinder
  const end = parseAddress(address)!
  const foreign = new ForeignEnds(nobody)
  const ends = { local: end, localPort: Number(program.stdout), remote: end, remotePort: PORT }
  const made = listings(() => {
    for (let n = 0; n < 3; n++) foreign.find(ends, 'client', 0)
  })
  await program.stop('SIGTERM')
  lab.close()
  assert.equal(made, 1)
})
