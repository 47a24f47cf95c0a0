import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Owners } from '../../../src/host/sockets/owners.ts'
import { Namespace } from '../../support/namespace.ts'
import { rootTest } from '../../support/root.ts'
import type { Answers } from './owners-observer.ts'

const PYTHON = '/usr/bin/python3'
const LOOPBACK = '127.0.0.1'

/** A child that answers lines; killed at the end of the test that started it. */
class Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(command: readonly string[], options: { uid?: number } = {}) {
    this.process = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], ...options })
    const lines: Interface = createInterface(this.process.stdout)
    this.#lines = lines[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.process.pid!
  }

  async line(): Promise<string> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error(`process ${this.pid} ended`)
    return next.value
  }

  async number(): Promise<number> {
    return Number(await this.line())
  }

  tell(line: string): void {
    this.process.stdin.write(`${line}\n`)
  }
}

/** Runs Python programs beside the body and ends them after it. */
async function withChildren(body: (python: (program: string, inside?: Namespace) => Child) => Promise<void>) {
  const children: Child[] = []
  try {
    await body((program, inside) => {
      const command = [PYTHON, '-c', `import os, socket, sys\n${program}`]
      const child = new Child(inside?.inside(command) ?? command)
      children.push(child)
      return child
    })
  } finally {
    for (const child of children) child.process.kill('SIGKILL')
    await Promise.all(
      children.map(({ process }) => process.exitCode ?? process.signalCode ?? once(process, 'exit')),
    )
  }
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

/** Asks until there is an answer: a search among very many descriptors goes on in slices. */
async function eventually<T>(owners: Owners, ask: () => T | undefined): Promise<T | undefined> {
  for (let attempt = 0; attempt < 100_000; attempt++) {
    const answer = ask()
    if (answer !== undefined) return answer
    await new Promise((done) => setImmediate(done))
    owners.drain()
  }
  return undefined
}

const LISTENER = `
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
`
const CONNECT = `
one = socket.create_connection(('127.0.0.1', int(input())))
print(one.getsockname()[1], flush=True)
`
const STAY = 'sys.stdin.read()\n'

for (const tracepoints of [true, false])
  rootTest(`a connection older than the start is looked up (kernel events: ${tracepoints})`, () =>
    withChildren(async (python) => {
      const server = python(LISTENER + STAY)
      const port = await server.number()
      const client = python(CONNECT + STAY)
      client.tell(`${port}`)
      const local = { addr: LOOPBACK, port: await client.number() }
      const remote = { addr: LOOPBACK, port }
      const owners = new Owners({ tracepoints })
      owners.drain()
      const found = await eventually(owners, () => owners.find('tcp', local, remote, 'client', now()))
      const listener = await eventually(owners, () => owners.find('tcp', remote, local, 'server', now()))
      assert.deepEqual([found?.pid, found?.comm, found?.attribution], [client.pid, 'python3', 'socket'])
      assert.match(found?.cmdline ?? '', /create_connection/)
      assert.deepEqual(
        [listener?.pid, listener?.comm, listener?.attribution],
        [server.pid, 'python3', 'socket'],
      )
      // Nobody has this end.
      assert.equal(owners.find('tcp', { addr: '192.0.2.1', port: 9 }, remote, 'client', now()), undefined)
      assert.equal(owners.find('tcp', { addr: '192.0.2.1', port }, local, 'server', now()), undefined)
      owners.close()
    }),
  )

rootTest('one that is gone, of the same ends in another network namespace, is not who holds ours', () =>
  withChildren(async (python) => {
    const namespace = new Namespace('h6')
    // Both ends of the connection are the client's own.
    const connected = `
listener = socket.create_server(('127.0.0.1', 7301))
one = socket.create_connection(listener.getsockname(), source_address=('127.0.0.1', 7302))
print(os.getpid(), flush=True)
`
    const client = python(connected + STAY)
    await client.line()
    const owners = new Owners()
    try {
      const other = python(connected, namespace)
      await other.line()
      await once(other.process, 'exit')
      owners.drain()
      const [local, remote] = [7302, 7301].map((port) => ({ addr: LOOPBACK, port }))
      const found = await eventually(owners, () => owners.find('tcp', local!, remote!, 'client', now()))
      assert.deepEqual([found?.pid, found?.attribution], [client.pid, 'socket'])
    } finally {
      owners.close()
      namespace.close()
    }
  }),
)

rootTest('the same ends in another network namespace are not ours', () =>
  withChildren(async (python) => {
    const namespace = new Namespace('h5')
    const owners = new Owners()
    try {
      const client = python(
        `${LISTENER}one = socket.create_connection(listener.getsockname())\nprint(one.getsockname()[1], flush=True)\n${STAY}`,
        namespace,
      )
      const remote = { addr: LOOPBACK, port: await client.number() }
      const local = { addr: LOOPBACK, port: await client.number() }
      owners.drain()
      assert.equal(owners.find('tcp', local, remote, 'client', now()), undefined)
      assert.equal(owners.find('tcp', remote, local, 'server', now()), undefined)
    } finally {
      owners.close()
      namespace.close()
    }
  }),
)

rootTest('a listener of every address of both families, and one of IPv6 alone', () =>
  withChildren(async (python) => {
    const owners = new Owners()
    const server = python(`
for only in (0, 1):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    listener.bind(('::', 0)); listener.listen()
    print(listener.getsockname()[1], flush=True)
    globals()['keep%d' % only] = listener
${STAY}`)
    const [dual, v6only] = [await server.number(), await server.number()]
    owners.drain()
    const ask = (addr: string, port: number) =>
      owners.find('tcp', { addr, port }, { addr, port: 50_000 }, 'server', now())
    assert.deepEqual([ask(LOOPBACK, dual)?.pid, ask(LOOPBACK, dual)?.attribution], [server.pid, 'tracepoint'])
    assert.equal(ask('::1', dual)?.pid, server.pid)
    assert.equal(ask('::1', v6only)?.pid, server.pid)
    assert.equal(ask(LOOPBACK, v6only), undefined)
    owners.close()
  }),
)

rootTest('two processes share a port: the one that accepted, or nobody', () =>
  withChildren(async (python) => {
    const owners = new Owners()
    const program = `
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(('127.0.0.1', int(input()))); listener.listen()
print(listener.getsockname()[1], flush=True)
while True:
    one, peer = listener.accept()
    print(peer[1], flush=True)
    globals()['keep%d' % peer[1]] = one
`
    const first = python(program)
    first.tell('0')
    const port = await first.number()
    const second = python(program)
    second.tell(`${port}`)
    await second.number()
    const accepted = new Map<number, number>()
    const watch = async (server: Child): Promise<void> => {
      for (;;) accepted.set(await server.number(), server.pid)
    }
    // Both are killed in the end.
    watch(first).catch(() => {})
    watch(second).catch(() => {})
    const client = python(`
keep = [socket.create_connection(('127.0.0.1', ${port})) for _ in range(20)]
for one in keep: print(one.getsockname()[1], flush=True)
${STAY}`)
    const ports: number[] = []
    while (ports.length < 20) ports.push(await client.number())
    while (accepted.size < 20) await new Promise((done) => setImmediate(done))
    owners.drain()
    assert.equal(new Set(accepted.values()).size, 2)
    for (const from of ports) {
      const found = owners.find(
        'tcp',
        { addr: LOOPBACK, port },
        { addr: LOOPBACK, port: from },
        'server',
        now(),
      )
      assert.equal(found?.pid, accepted.get(from))
    }
    const unknown = owners.find('tcp', { addr: LOOPBACK, port }, { addr: LOOPBACK, port: 1 }, 'server', now())
    assert.equal(unknown, undefined)
    owners.close()
  }),
)

rootTest('the owner of a UDP socket, connected or bound to every address', () =>
  withChildren(async (python) => {
    const child = python(`
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); one.bind(('0.0.0.0', 0))
two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); two.connect(one.getsockname())
print(one.getsockname()[1], flush=True); print(two.getsockname()[1], flush=True)
${STAY}`)
    const [one, two] = [await child.number(), await child.number()]
    const owners = new Owners()
    const end = (port: number) => ({ addr: LOOPBACK, port })
    const server = await eventually(owners, () => owners.find('udp', end(one), end(two), 'server', now()))
    assert.equal(server?.pid, child.pid)
    const found = await eventually(owners, () => owners.find('udp', end(two), end(one), 'client', now()))
    assert.deepEqual([found?.pid, found?.attribution], [child.pid, 'socket'])
    assert.equal(owners.find('udp', end(two), end(9), 'client', now()), undefined)
    owners.close()
  }),
)

rootTest('a UDP port that another process has taken since names nobody', () =>
  withChildren(async (python) => {
    const owners = new Owners()
    const bound = `one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); one.bind(('127.0.0.1', int(input())))
print(one.getsockname()[1], flush=True)
`
    const first = python(bound + STAY)
    first.tell('0')
    const port = await first.number()
    const [local, remote] = [
      { addr: LOOPBACK, port },
      { addr: LOOPBACK, port: 9 },
    ]
    const ask = (time: bigint) => owners.find('udp', local, remote, 'client', time)
    assert.equal((await eventually(owners, () => ask(now())))?.pid, first.pid)
    first.process.kill('SIGKILL')
    await once(first.process, 'exit')
    const second = python(bound + STAY)
    second.tell(`${port}`)
    assert.equal(await second.number(), port)
    // Whoever asks now with a packet of now is told the new holder: only age makes the difference.
    assert.equal((await eventually(owners, () => ask(now())))?.pid, second.pid)
    assert.equal(ask(now() - 300_000_000n), undefined)
    owners.close()
  }),
)

rootTest('when records were lost everything is forgotten, and learnt anew', () =>
  withChildren(async (python) => {
    const owners = new Owners()
    const server = python(`${LISTENER}\nwhile True: listener.accept()[0].close()\n`)
    const port = await server.number()
    // About 450 bytes of records each: more than the ring of one processor holds.
    const busy = python(`
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
for _ in range(6000):
    one = socket.create_connection(('127.0.0.1', ${port}))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, 0, 0, 0, 0, 0, 0, 0))); one.close()
print('done', flush=True)
`)
    await busy.line()
    owners.drain()
    owners.drain()
    const client = python(CONNECT + STAY)
    client.tell(`${port}`)
    const from = await client.number()
    owners.drain()
    assert.ok(owners.losses > 0)
    const found = owners.find(
      'tcp',
      { addr: LOOPBACK, port: from },
      { addr: LOOPBACK, port },
      'client',
      now(),
    )
    assert.deepEqual([found?.pid, found?.comm, found?.attribution], [client.pid, 'python3', 'tracepoint'])
    owners.close()
  }),
)

rootTest('while SYNs are unanswered, the socket tells which of several callers sent each', async () => {
  const namespace = new Namespace('h5')
  try {
    await withChildren(async (python) => {
      const drop = new Child(
        namespace.inside([
          'nft',
          'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c tcp dport 7 drop',
        ]),
      )
      assert.deepEqual(await once(drop.process, 'exit'), [0, null])
      const observer = new Child(
        namespace.inside(['node', '--import', 'tsx', 'test/host/sockets/owners-observer.ts']),
      )
      await observer.line()
      const clients = [1, 2, 3].map(() =>
        python(
          `
input()
keep = []
for _ in range(5):
    one = socket.socket(); one.setblocking(False); one.connect_ex(('127.0.0.1', 7)); keep.append(one)
    print(one.getsockname()[1], flush=True)
${STAY}`,
          namespace,
        ),
      )
      for (const client of clients) client.tell('go')
      const expected = new Map<number, number>()
      for (const client of clients)
        for (let i = 0; i < 5; i++) expected.set(await client.number(), client.pid)
      observer.process.stdin.end()
      const { answers } = JSON.parse(await observer.line()) as Answers
      const got = answers.map(
        ({ client, atSyn }) => [Number(client.split(' ')[1]), atSyn.client?.pid] as const,
      )
      assert.deepEqual(new Map(got), expected)
      assert.ok(answers.every(({ atSyn }) => atSyn.client?.attribution === 'tracepoint'))
    })
  } finally {
    namespace.close()
  }
})

rootTest('without privileges it says what is missing, and goes on', async () => {
  const child = new Child([
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    '--bounding-set=-all',
    '--inh-caps=-all',
    'node',
    '--import',
    'tsx',
    '-e',
    `
      const { Owners } = await import('./src/host/sockets/owners.ts')
      const owners = new Owners()
      owners.drain()
      console.log(JSON.stringify(owners.degraded))
      owners.close()
      `,
  ])
  const [note, ...others] = JSON.parse(await child.line()) as string[]
  assert.deepEqual(others, [])
  assert.match(
    note ?? '',
    /^connections of short-lived processes have no owner: kernel events cannot be read \((EPERM|EACCES)\)$/,
  )
})
