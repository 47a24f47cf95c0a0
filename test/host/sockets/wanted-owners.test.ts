import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import net from 'node:net'
import { after, before } from 'node:test'
import { listPids } from '../../../src/host/process/procfs.ts'
import { SocketFinder } from '../../../src/host/sockets/socket-finder.ts'
import { OwnerSearch } from '../../../src/host/sockets/wanted-owners.ts'
import { isRoot, rootTest } from '../../support/root.ts'

/** So many that the search goes by the kernel's iterator. */
const SOCKETS = 4100
const servers: net.Server[] = []
const children: ChildProcess[] = []

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
  for (const child of children) child.kill('SIGKILL')
})

function descriptorOf(index: number): number {
  return (servers[index] as unknown as { _handle: { fd: number } })._handle.fd
}

function inodeOf(pid: number | 'self', fd: number): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[0])
}

/** `pid fd` of the owners, as the search finds them. */
function search(...inodes: number[]): string[] {
  const found: string[] = []
  const owners = new OwnerSearch(listPids)
  assert.equal(
    owners.find(new Set(inodes), (_, pid, fd) => found.push(`${pid} ${fd}`)),
    true,
  )
  owners.close()
  return found
}

/** The same by the links of every process. */
function links(inode: number): string[] {
  const found: string[] = []
  for (const pid of listPids())
    for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [])
      if (attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === `socket:[${inode}]`)
        found.push(`${pid} ${fd}`)
  return found
}

/** `undefined` for a process that is gone, and for the descriptor by which its descriptors were read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Python that prints a line when it is ready; its input is a pipe that keeps it alive. */
async function python(program: string, descriptor: number): Promise<ChildProcess> {
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit', descriptor] })
  children.push(child)
  await once(child.stdout!, 'data')
  return child
}

rootTest('one owner', () => {
  const fd = descriptorOf(SOCKETS >> 1)
  assert.deepEqual(search(inodeOf('self', fd)), [`${process.pid} ${fd}`])
})

rootTest('of several sockets each its own', () => {
  const descriptors = [0, 100, SOCKETS - 1].map(descriptorOf)
  const expected = [...descriptors].sort((a, b) => a - b).map((fd) => `${process.pid} ${fd}`)
  assert.deepEqual(search(...descriptors.map((fd) => inodeOf('self', fd))), expected)
})

rootTest('among as many the holder of a listener is known before the first question', () => {
  const finder = new SocketFinder()
  const fd = descriptorOf(SOCKETS - 1)
  const inode = inodeOf('self', fd)
  // What links tell in a tenth of a millisecond is not it.
  finder.prepare([inode], 0.1)
  assert.equal(finder.holder(inode)?.pid, process.pid)
  finder.close()
})

rootTest('a socket that nobody holds has no owner', () => {
  assert.deepEqual(search(0xffff_fff0), [])
})

rootTest('children that inherited a socket, and a descriptor made twice', async () => {
  const fd = descriptorOf(7)
  await python("import os; os.dup(3); os.fork(); print('ready', flush=True); os.read(0, 1)", fd)
  const inode = inodeOf('self', fd)
  const expected = links(inode)
  assert.equal(expected.length, 5)
  assert.deepEqual(search(inode), expected)
})

rootTest('two processes with one table of descriptors are both owners', async () => {
  const fd = descriptorOf(9)
  // CLONE_FILES and SIGCHLD: to the open file it is one reference.
  const clone =
    "import ctypes, os, platform\nlibc = ctypes.CDLL(None)\nlibc.syscall({'x86_64': 56, 'aarch64': 220}[platform.machine()], 0x400 | 17, 0, 0, 0, 0)\nprint('ready', flush=True)\nos.read(0, 1)"
  await python(clone, fd)
  const inode = inodeOf('self', fd)
  const expected = links(inode)
  assert.equal(expected.length, 3)
  assert.deepEqual(search(inode), expected)
})

rootTest('a thread in a system call, which has a reference of its own', async () => {
  const fd = descriptorOf(11)
  const program =
    "import os, select, threading\nthreading.Thread(target=select.select, args=([3], [], []), daemon=True).start()\nprint('ready', flush=True)\nos.read(0, 1)\nos._exit(0)"
  await python(program, fd)
  const inode = inodeOf('self', fd)
  assert.deepEqual(search(inode), links(inode))
})
