import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { ProcessRef } from '../../../src/process-ref.ts'
import { Namespace } from '../../support/namespace.ts'
import { rootTest } from '../../support/root.ts'
import type { Answers } from './owners-observer.ts'
import {
  NODE_CLIENT,
  NODE_SERVER,
  PYTHON_CLIENT,
  PYTHON_SERVER,
  SHORT_LIVED_PAIR,
} from './owners-programs.ts'

type Child = ChildProcessByStdio<Writable, Readable, null>
type Inside = (command: readonly string[]) => readonly string[]

/** What a program said of itself: the process at one end, by port. */
interface Said {
  readonly pid: number
  readonly comm: string
  readonly port: number
  /** Address and port of the other end: the same local port may be in use to several. */
  readonly host: string
  readonly to: number
}

const PYTHON = '/usr/bin/python3'
/** Connections by each of the three programs: curl, Node, Python. */
const CURLS = 80
const NODES = 60
const PYTHONS = 60
const PAIRS = 10

function start(command: readonly string[]): Child {
  return spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function said(child: Child): Promise<Said[]> {
  const lines: Said[] = []
  for await (const line of createInterface(child.stdout)) lines.push(parse(line))
  return lines
}

function parse(line: string): Said {
  const [pid, comm, port, host, to] = line.split(' ')
  return { pid: Number(pid), comm: comm!, port: Number(port), host: host ?? '', to: Number(to) }
}

async function firstLine(child: Child): Promise<string> {
  const [line] = await once(createInterface(child.stdout), 'line')
  return line as string
}

/** Four at a time: enough for processes to interleave, on two processors. */
async function inParallel<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  const queue = [...tasks]
  const worker = async (): Promise<void> => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) results.push(await task())
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  return results
}

interface Tally {
  right: number
  missing: string[]
  wrong: string[]
}

function judge(tally: Tally, got: ProcessRef | undefined, expected: Said): void {
  if (got === undefined) tally.missing.push(`${expected.comm}[${expected.pid}]`)
  else if (got.pid === expected.pid && got.comm === expected.comm) tally.right += 1
  else
    tally.wrong.push(
      `${expected.comm}[${expected.pid}] was said to be ${got.comm}[${got.pid}] (${got.attribution})`,
    )
}

/** Runs the observer and 210 connections beside it, and compares every answer with what the programs said. */
async function watch(inside: Inside, observerArguments: readonly string[]) {
  const children: Child[] = []
  const run = (...command: string[]): Child => {
    const child = start(inside(command))
    children.push(child)
    return child
  }
  try {
    const early = parse(await firstLine(run('node', '-e', NODE_SERVER)))
    const observer = run(
      'node',
      '--import',
      'tsx',
      'test/host/sockets/owners-observer.ts',
      ...observerArguments,
    )
    const output = createInterface(observer.stdout)
    await once(output, 'line')
    const late = parse(await firstLine(run(PYTHON, '-c', PYTHON_SERVER)))
    const clients: Said[] = []
    const listeners = new Map([early, late].map((server) => [server.port, server]))
    const curl = async (host: string, to: number): Promise<void> => {
      const child = run(
        'curl',
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{local_port}',
        `http://${host.includes(':') ? `[${host}]` : host}:${to}/`,
      )
      const port = Number(await firstLine(child))
      clients.push({ pid: child.pid!, comm: 'curl', port, host, to })
    }
    const client = async (...command: string[]): Promise<void> => {
      clients.push(...(await said(run(...command))))
    }
    await inParallel([
      ...Array.from({ length: CURLS / 2 }, () => () => curl('127.0.0.1', early.port)),
      () => client('node', '-e', NODE_CLIENT, '127.0.0.1', `${early.port}`, `${NODES / 2}`),
      () => client('node', '-e', NODE_CLIENT, '::1', `${late.port}`, `${NODES / 2}`),
      ...Array.from(
        { length: PYTHONS / 4 },
        () => () => client(PYTHON, '-c', PYTHON_CLIENT, '127.0.0.1', `${late.port}`, '4'),
      ),
      ...Array.from({ length: CURLS / 2 }, () => () => curl('::1', late.port)),
      ...Array.from({ length: PAIRS }, () => async () => {
        const [listener, ...connected] = await said(run(PYTHON, '-c', SHORT_LIVED_PAIR))
        listeners.set(listener!.port, listener!)
        clients.push(...connected)
      }),
    ])
    observer.stdin.end()
    const [line] = await once(output, 'line')
    const observed = JSON.parse(line as string) as Answers
    const clientTally: Tally = { right: 0, missing: [], wrong: [] }
    const serverTally: Tally = { right: 0, missing: [], wrong: [] }
    assert.equal(observed.dropped, 0)
    for (const expected of clients) {
      const answer = observed.answers.find(
        ({ client, server }) =>
          client.endsWith(` ${expected.port}`) && server === `${expected.host} ${expected.to}`,
      )
      assert.ok(answer, `no SYN was seen of ${JSON.stringify(expected)}`)
      const listener = listeners.get(expected.to)
      assert.ok(listener)
      judge(clientTally, answer.later.client ?? answer.atSyn.client, expected)
      judge(serverTally, answer.later.server ?? answer.atSyn.server, listener)
    }
    return { connections: clients.length, client: clientTally, server: serverTally, observed }
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

const inRoot: Inside = (command) => command

async function inNamespace(observerArguments: readonly string[]) {
  const namespace = new Namespace('h5')
  try {
    return await watch((command) => namespace.inside(command), observerArguments)
  } finally {
    namespace.close()
  }
}

const TOTAL = CURLS + NODES + PYTHONS + PAIRS

for (const [place, run] of [
  ['the root namespace', (args: readonly string[]) => watch(inRoot, args)],
  ['a network namespace', inNamespace],
] as const) {
  rootTest(`with kernel events both ends of every short connection are right, in ${place}`, async () => {
    const { connections, client, server, observed } = await run([])
    assert.deepEqual(observed.degraded, [])
    assert.equal(observed.losses, 0)
    assert.equal(connections, TOTAL)
    assert.deepEqual(client, { right: TOTAL, missing: [], wrong: [] })
    assert.deepEqual(server, { right: TOTAL, missing: [], wrong: [] })
  })

  rootTest(`without kernel events owners may be missing and are never wrong, in ${place}`, async () => {
    const { connections, client, server } = await run(['untraced'])
    assert.equal(connections, TOTAL)
    assert.deepEqual(client.wrong, [])
    assert.deepEqual(server.wrong, [])
  })
}
