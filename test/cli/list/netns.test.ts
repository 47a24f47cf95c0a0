import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { after, before } from 'node:test'
import { currentNetns, findNetns, insideNetns } from '../../../src/host/netns.ts'
import { snapshot } from '../../../src/host/sockets/socket-table.ts'
import { UserError } from '../../../src/user-error.ts'
import { Namespace } from '../../support/namespace.ts'
import { Running } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

const PORT = 4200
const SERVER = `require('net').createServer().listen(${PORT}, '127.0.0.1', () => console.log('ready'))`
const namespaces: Namespace[] = []
const servers: Running[] = []

before(async () => {
  if (!isRoot) return
  for (const label of ['one', 'two']) {
    const namespace = new Namespace(`netns-${label}`)
    namespaces.push(namespace)
    const server = new Running(namespace.inside([process.execPath, '-e', SERVER]))
    servers.push(server)
    await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
  }
})
after(async () => {
  for (const server of servers) await server.stop('SIGKILL')
  for (const namespace of namespaces) namespace.close()
})

const inodeOf = ({ name }: Namespace): number => statSync(`/run/netns/${name}`).ino
const mine = (netns: string) =>
  snapshot({ netns, tables: ['tcp'] }).records.filter(({ local }) => local.port === PORT)

rootTest('by name, path and pid: the sockets of that namespace, its inode, their owners', () => {
  for (const [index, namespace] of namespaces.entries()) {
    const { pid } = servers[index]!
    for (const netns of [namespace.name, `/run/netns/${namespace.name}`, String(pid)]) {
      const found = mine(netns)
      assert.deepEqual(
        found.map((record) => [record.netns, record.processes[0]?.pid]),
        [[inodeOf(namespace), pid]],
        netns,
      )
    }
  }
})

rootTest('all: each namespace once, this one among them, and this thread is back afterwards', () => {
  const home = currentNetns()
  const inodes = mine('all').map(({ netns }) => netns)
  assert.deepEqual(inodes.sort(), namespaces.map(inodeOf).sort())
  const all = findNetns('all').map(({ inode }) => inode)
  assert.equal(new Set(all).size, all.length)
  assert.ok(all.includes(home!))
  assert.equal(currentNetns(), home)
})

rootTest('a namespace that is not there, one that is none, and an action that fails', () => {
  const home = currentNetns()
  assert.throws(() => findNetns('no-such-name'), UserError)
  for (const path of ['/dev/null', '/proc/self/ns/uts', '/etc'])
    assert.throws(
      () => insideNetns({ inode: 1, path }, () => {}),
      (error) =>
        error instanceof UserError &&
        error.exitCode === 2 &&
        error.message === `${path} is not a network namespace` &&
        !error.hint?.includes('sudo'),
    )
  const [first] = findNetns(namespaces[0]!.name)
  assert.throws(() => insideNetns(first!, () => assert.fail('inside')), /inside/)
  assert.equal(currentNetns(), home)
})
