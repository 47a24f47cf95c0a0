import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import net from 'node:net'
import { after, before } from 'node:test'
import { eachSocketOwner } from '../../../src/host/process/procfs.ts'
import { eachSocketDescriptor } from '../../../src/host/sockets/descriptors.ts'
import { eachSocketFile } from '../../../src/host/sockets/socket-files.ts'
import { isRoot, rootTest } from '../../support/root.ts'

/** So many sockets in this process that a scan of all processes goes on with the kernel's iterator. */
const SOCKETS = 1500
const servers: net.Server[] = []

before(async () => {
  if (!isRoot) return
  for (let index = 0; index < SOCKETS; index++) {
    const server = net.createServer()
    servers.push(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  }
})
after(() => {
  for (const server of servers) server.close()
})

/** `fd inode` of the sockets of one process, by its links. */
function links(pid: number): string[] {
  const found: string[] = []
  eachSocketDescriptor(`/proc/${pid}/fd`, (fd, inode) => {
    found.push(`${fd} ${inode}`)
    return true
  })
  return found
}

rootTest('the iterator gives the sockets of a process as its links do, in the same order', () => {
  const found: string[] = []
  const pids: number[] = []
  const read = eachSocketFile((inode, pid, fd) => {
    if (pids.at(-1) !== pid) pids.push(pid)
    if (pid === process.pid) found.push(`${fd} ${inode}`)
  })
  assert.equal(read, true)
  assert.ok(found.length >= SOCKETS)
  assert.deepEqual(found, links(process.pid))
  assert.deepEqual(
    pids,
    [...pids].sort((a, b) => a - b),
  )
})

rootTest('a socket that a child inherits has both as owners, whichever way they are found', async () => {
  const handle = servers[0] as unknown as { _handle: { fd: number } }
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', handle._handle.fd] })
  try {
    const shared = links(child.pid!).find((text) => text.startsWith('3 '))!
    const inode = Number(shared.slice(2))
    const owners: string[] = []
    const all = new Map<number, number>()
    eachSocketOwner((found, pid, fd, comm) => {
      all.set(pid, (all.get(pid) ?? 0) + 1)
      if (found === inode) owners.push(`${pid} ${fd} ${comm}`)
    })
    const own = links(process.pid).find((text) => text.endsWith(` ${inode}`))!
    const name = (pid: number, fd: string): RegExp => new RegExp(`^${pid} ${fd} .`)
    assert.equal(owners.length, 2)
    assert.match(owners[0]!, name(process.pid, own.split(' ')[0]!))
    assert.match(owners[1]!, name(child.pid!, '3'))
    // Where the links end and the iterator begins nothing is missing and nothing is there twice.
    assert.equal(all.get(process.pid), links(process.pid).length)
  } finally {
    child.kill('SIGKILL')
  }
})
