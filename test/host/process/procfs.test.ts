import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listPids, readProcess, scanSocketOwners } from '../../../src/host/process/procfs.ts'
import { isRoot } from '../../support/root.ts'

let root: string

function process_(pid: number, comm: string | undefined, links: Readonly<Record<number, string>>): string {
  const folder = join(root, String(pid))
  mkdirSync(join(folder, 'fd'), { recursive: true })
  if (comm !== undefined) writeFileSync(join(folder, 'comm'), `${comm}\n`)
  for (const [fd, link] of Object.entries(links)) symlinkSync(link, join(folder, 'fd', fd))
  return folder
}

before(() => {
  root = mkdtempSync(join(tmpdir(), 'socktrace-proc-'))
  mkdirSync(join(root, 'net'))
  writeFileSync(join(root, 'uptime'), '')
  process_(100, 'nginx', { 0: '/dev/null', 6: 'socket:[11]', 7: 'socket:[12]', 8: 'pipe:[13]' })
  process_(9, 'a name)', { 3: 'socket:[11]', 4: 'socket:[11]', 5: 'anon_inode:[eventpoll]' })
  // Gone between the reading of its descriptors and of its name.
  process_(101, undefined, { 3: 'socket:[14]' })
  // Gone before its descriptors were read; a kernel thread without any.
  mkdirSync(join(root, '102'))
  process_(103, 'kthreadd', {})
})
after(() => rmSync(root, { recursive: true }))

test('pids are the folders with numbers, in order', () => {
  assert.deepEqual(listPids(root), [9, 100, 101, 102, 103])
})

test('every descriptor of every process, by inode; what vanishes is left out', () => {
  const { byInode, denied } = scanSocketOwners(undefined, root)
  assert.deepEqual(
    [...byInode],
    [
      [
        11,
        [
          { pid: 9, comm: 'a name)', fd: 3 },
          { pid: 9, comm: 'a name)', fd: 4 },
          { pid: 100, comm: 'nginx', fd: 6 },
        ],
      ],
      [12, [{ pid: 100, comm: 'nginx', fd: 7 }]],
    ],
  )
  assert.equal(denied, 0)
})

test('only the pids that are asked for, gone ones among them', () => {
  assert.deepEqual([...scanSocketOwners([100, 5555], root).byInode.keys()], [11, 12])
})

test('processes that may not be read are counted', () => {
  const folder = process_(200, 'secret', { 3: 'socket:[20]' })
  chmodSync(join(folder, 'fd'), 0)
  // Root reads everything: the scan runs as nobody.
  if (isRoot) {
    chmodSync(root, 0o755)
    process.seteuid!(65_534)
  }
  try {
    const { byInode, denied } = scanSocketOwners(undefined, root)
    assert.equal(denied, 1)
    assert.equal(byInode.has(20), false)
    assert.equal(byInode.has(12), true)
  } finally {
    if (isRoot) process.seteuid!(0)
    chmodSync(join(folder, 'fd'), 0o755)
    rmSync(folder, { recursive: true })
  }
})

test('this very process owns its listener', async () => {
  const server = net.createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const owners = [...scanSocketOwners([process.pid]).byInode.values()].flat()
  server.close()
  assert.ok(owners.length > 0)
  assert.ok(owners.every(({ pid, comm }) => pid === process.pid && comm !== ''))
})

test('details of this process and of none', () => {
  const details = readProcess(process.pid)
  assert.equal(details?.ppid, process.ppid)
  assert.equal(details?.exe, process.execPath)
  assert.equal(details?.uid, process.getuid!())
  assert.match(details?.cmdline ?? '', /procfs\.test/)
  assert.ok(details!.netns! > 0)
  assert.equal(readProcess(4_194_305), undefined)
})
