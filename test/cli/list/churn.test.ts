import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Io } from '../../../src/cli/io.ts'
import { runList } from '../../../src/cli/list/run.ts'
import { defineList, type ListOptions } from '../../../src/cli/list.ts'
import type { SocketRecord } from '../../../src/sockets/socket.ts'
import { Namespace } from '../../support/namespace.ts'
import { ndjson, Running } from '../../support/program.ts'
import { rootTest } from '../../support/root.ts'

const {
  namespaces: NAMESPACES,
  workers: WORKERS,
  runs: RUNS,
} = process.env['SOCKTRACE_FULL'] === '1'
  ? { namespaces: 20, workers: 15, runs: 200 }
  : { namespaces: 5, workers: 6, runs: 20 }

/** Between two changes of one process: 600 changes a second together, which leave the machine room for the listing. */
const PAUSE_S = (NAMESPACES * WORKERS) / 600

/** A descriptor of a socket that a process held at some time between two moments, by its own account. */
interface Held {
  readonly netns: number
  readonly port: number
  readonly opened: bigint
  readonly closed: bigint
}

/** One listing, and what the clock said before and after it. */
interface Listing {
  readonly began: bigint
  readonly ended: bigint
  readonly records: readonly SocketRecord[]
}

/** A network namespace whose processes open and close sockets all the time. */
class Churn {
  readonly namespace = new Namespace('churn')
  readonly inode = statSync(`/run/netns/${this.namespace.name}`).ino
  readonly folder = mkdtempSync(join(tmpdir(), 'socktrace-churn-'))
  readonly program = new Running(
    this.namespace.inside(['python3', 'test/lab/churn.py', this.folder, String(WORKERS), String(PAUSE_S)]),
  )

  /** Ends the processes; what each held, by pid, descriptor and inode. */
  async end(into: Map<string, Held[]>): Promise<void> {
    assert.equal(await this.program.stop('SIGTERM'), 0, this.program.stderr)
    for (const name of readdirSync(this.folder))
      for (const line of readFileSync(join(this.folder, name), 'utf8').trimEnd().split('\n')) {
        const [pid, fd, inode, port, opened, closed] = line.split(' ')
        const key = `${pid} ${fd} ${inode}`
        const held = {
          netns: this.inode,
          port: Number(port),
          opened: BigInt(opened!),
          closed: BigInt(closed!),
        }
        into.set(key, [...(into.get(key) ?? []), held])
      }
  }

  async close(): Promise<void> {
    await this.program.stop('SIGKILL')
    this.namespace.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** `socktrace list --netns all --json`, all of its path, in this process: a descriptor that leaks is seen. */
async function list(): Promise<Listing> {
  let parsed: ListOptions | undefined
  const program = new Command()
  defineList(program)
  program.commands[0]!.action((_: readonly string[], options: ListOptions) => {
    parsed = options
  })
  await program.parseAsync(['list', '-tux', '--netns', 'all', '--json'], { from: 'user' })
  let text = ''
  const io: Io = {
    write: (part) => {
      text += part
    },
    writeBytes: () => assert.fail('records are text'),
    note: () => {},
    flush: () => {},
    isTerminal: false,
    columns: 80,
    rows: 24,
    env: {},
  }
  const began = process.hrtime.bigint()
  assert.equal(await runList([], parsed!, io), 0)
  return { began, ended: process.hrtime.bigint(), records: ndjson<SocketRecord>(text) }
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length

rootTest('no owner is invented while processes in many namespaces open and close sockets', async () => {
  const churns: Churn[] = []
  const held = new Map<string, Held[]>()
  const listings: Listing[] = []
  try {
    for (let index = 0; index < NAMESPACES; index++) churns.push(new Churn())
    for (const { program } of churns)
      await program.until('it is ready', ({ stdout }) => stdout.includes('ready'))
    await list()
    const descriptors = openDescriptors()
    for (let run = 0; run < RUNS; run++) listings.push(await list())
    assert.equal(openDescriptors(), descriptors)
    for (const churn of churns) await churn.end(held)
  } finally {
    for (const churn of churns) await churn.close()
  }
  const inodes = new Set(churns.map(({ inode }) => inode))
  let owners = 0
  for (const { began, ended, records } of listings) {
    const theirs = records.filter(({ netns }) => inodes.has(netns!))
    for (const { inode, netns, local, processes, netid } of theirs)
      for (const { pid, fd } of processes) {
        owners++
        const accounts = held.get(`${pid} ${fd} ${inode}`) ?? []
        const port = netid === 'unix' ? 0 : local.port
        assert.ok(
          accounts.some(
            (one) => one.netns === netns && one.port === port && one.opened < ended && one.closed > began,
          ),
          `${netid} :${port} inode ${inode} in ${netns} is said to be pid ${pid} fd ${fd}`,
        )
      }
    // What stands still is there each time, with its owner.
    const listeners = theirs.filter(({ state, processes }) => state === 'LISTEN' && processes.length > 0)
    assert.equal(listeners.length, NAMESPACES * WORKERS)
  }
  assert.ok(owners > RUNS * NAMESPACES * WORKERS * 2, `${owners} owners`)
})
