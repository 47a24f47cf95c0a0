import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Attempt, Series } from '../../src/render/attempt.ts'
import { outputSchema } from '../../src/render/schema.ts'
import { NameServer } from '../support/name-server.ts'
import { enterOwnNetwork } from '../support/own-network.ts'
import { builtFile, ndjson, type Ran, Running, repository, runCommand } from '../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-connect-'))
const resolvConf = join(folder, 'resolv.conf')
const validate = new Ajv2020({ strict: false }).compile(outputSchema)
const NAME_SERVER = '127.0.0.53'
/** Where a firewall drops everything: what a wrong A record leads to. */
const WRONG_HOST = '127.0.0.99'

const names = new NameServer({
  'right.lab': ['127.0.0.1'],
  'wrong.lab': [WRONG_HOST],
  'both.lab': ['127.0.0.2', '127.0.0.1'],
  'broken.lab': 'servfail',
  'empty.lab': [],
  'silent.lab': 'silent',
})
const server = createServer((socket) => serve(socket))
let serve = (socket: Socket): void => void socket.resume()
let port = 0

before(async () => {
  if (!isRoot) return
  enterOwnNetwork()
  const rules = `add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in ip daddr ${WRONG_HOST} drop`
  assert.equal(runCommand(['nft', rules]).status, 0)
  writeFileSync(resolvConf, `nameserver ${NAME_SERVER}\noptions timeout:1 attempts:1\n`)
  await names.listen(NAME_SERVER)
  port = await listen(server, '127.0.0.1')
})
after(() => {
  names.close()
  server.close()
  rmSync(folder, { recursive: true })
})

async function listen(where: Server, address: string): Promise<number> {
  where.listen(0, address)
  await once(where, 'listening')
  return (where.address() as { port: number }).port
}

/** Starts it beside this process's servers, with our DNS server, in a mount namespace that ends with it. */
function connecting(...args: readonly (string | number)[]): Running {
  const mounted = `mount --bind ${resolvConf} /etc/resolv.conf && exec "$@"`
  const command = [builtFile(repository), 'connect', ...args.map(String)]
  return new Running(['unshare', '--mount', 'sh', '-c', mounted, 'sh', ...command])
}

async function connect(...args: readonly (string | number)[]): Promise<Ran> {
  const running = connecting(...args)
  const status = await running.ended()
  return {
    status: typeof status === 'number' ? status : null,
    stdout: running.stdout,
    stderr: running.stderr,
  }
}

interface Printed extends Partial<Omit<Attempt, 'type'>>, Partial<Omit<Series, 'type' | 'connect_ms'>> {
  readonly type: string
  readonly verdict?: string
  readonly final?: boolean
  readonly message?: string
  readonly code?: string
}

/** The objects that `--json` prints, each held to the schema. */
async function objects(
  ...args: readonly (string | number)[]
): Promise<{ status: number | null; all: Printed[] }> {
  const { status, stdout } = await connect('--json', ...args)
  const all = ndjson<Printed>(stdout)
  for (const object of all) assert.ok(validate(object), JSON.stringify([object, validate.errors]))
  return { status, all }
}

function of(type: string, { all }: { readonly all: readonly Printed[] }): Printed[] {
  return all.filter((object) => object.type === type)
}

rootTest('established: ports, times, options and the listener; as text with its ladder', async () => {
  const run = await objects(`127.0.0.1:${port}`)
  const [attempt] = of('attempt', run)
  assert.equal(run.status, 0)
  assert.equal(attempt?.outcome, 'established')
  assert.deepEqual(attempt?.server, { addr: '127.0.0.1', port })
  assert.ok(attempt!.client!.port > 0)
  assert.equal(attempt?.syn_count, 1)
  assert.ok(attempt!.rtt_ms! > 0 && attempt!.rtt_ms! < attempt!.connect_ms!)
  assert.ok(attempt!.client_options!.mss! > 0 && attempt!.server_options!.mss! > 0)
  assert.equal(attempt?.process?.server.pid, process.pid)
  assert.equal(of('verdict', run).length, 0)
  assert.equal(run.all.at(-1)?.type, 'summary')
  const { stdout } = await connect('127.0.0.1', port)
  assert.match(stdout, /^✓ established {2}127\.0\.0\.1:\d+ from 127\.0\.0\.1:\d+ {2}in [\d.]+ ms\n/)
  assert.match(stdout, /in force {2}window scaling, SACK, timestamps/)
  assert.match(stdout, /│─+ \[S\] ─+▶│ {2}handshake 1\/3/)
  assert.match(stdout, /handshake 3\/3/)
})

rootTest('refused: errno, ladder and verdict; exit 1', async () => {
  const run = await objects(`127.0.0.2:${port}`)
  const [attempt] = of('attempt', run)
  assert.equal(run.status, 1)
  assert.deepEqual([attempt?.outcome, attempt?.error], ['refused', 'ECONNREFUSED'])
  assert.deepEqual(
    of('verdict', run).map(({ verdict }) => verdict),
    ['refused.wrong-address'],
  )
  const { stdout } = await connect(`127.0.0.2:${port}`)
  assert.match(stdout, /^✗ refused .* connect\(\) fails with ECONNREFUSED after/)
  assert.match(stdout, /◀─+ \[R\.\] ─+│/)
  assert.match(stdout, /listens on port \d+, but only on 127\.0\.0\.1/)
})

rootTest('every address of a name is tried in its order; one that is established suffices', async () => {
  const run = await objects('both.lab', port)
  assert.deepEqual(
    of('attempt', run)
      .map(({ server, outcome }) => [server?.addr, server?.name, outcome])
      .sort(),
    [
      ['127.0.0.1', 'both.lab', 'established'],
      ['127.0.0.2', 'both.lab', 'refused'],
    ],
  )
  assert.equal(run.status, 0)
})

rootTest('a wrong A record: the name leads to a host that does not answer', async () => {
  const run = await objects('--timeout', '600ms', 'wrong.lab', port)
  const [attempt] = of('attempt', run)
  assert.equal(run.status, 1)
  assert.deepEqual(attempt?.server, { addr: WRONG_HOST, port, name: 'wrong.lab' })
  assert.deepEqual([attempt?.outcome, attempt?.error, attempt?.gave_up], ['timeout', 'ETIMEDOUT', true])
  const verdicts = of('verdict', run)
  assert.deepEqual(
    verdicts.map(({ verdict, error, final, server }) => [verdict, error, final, server?.name]),
    [['timeout.dropped-in', 'ETIMEDOUT', false, 'wrong.lab']],
  )
})

const unresolved: [what: string, host: string, args: string[], message: RegExp][] = [
  ['NXDOMAIN', 'nope.lab', [], /Cannot resolve "nope\.lab": the DNS server 127\.0\.0\.53 answered NXDOMAIN/],
  ['SERVFAIL', 'broken.lab', [], /the DNS server 127\.0\.0\.53 answered SERVFAIL/],
  ['no address', 'empty.lab', [], /answered that the name has no address/],
  ['none of that family', 'right.lab', ['-6'], /to an IPv6 address: .* no address of that kind/],
]
for (const [what, host, args, message] of unresolved)
  rootTest(`a name that leads nowhere: ${what}, as its DNS server said it`, async () => {
    const run = await objects(...args, host, port)
    const last = run.all.at(-1)
    assert.deepEqual([run.status, last?.type, last?.code], [1, 'error', 'finding'])
    assert.match(last!.message!, message)
    assert.equal(of('attempt', run).length, 0)
  })

rootTest('a reset right behind the handshake is a failure, and what it said before is counted', async () => {
  serve = (socket) => {
    socket.write('hello')
    setTimeout(() => socket.resetAndDestroy(), 40)
  }
  const run = await objects(`127.0.0.1:${port}`)
  serve = (socket) => void socket.resume()
  const [attempt] = of('attempt', run)
  assert.deepEqual(
    [run.status, attempt?.outcome, attempt?.error, attempt?.received],
    [1, 'reset', 'ECONNRESET', 5],
  )
  assert.ok(attempt!.reset_after_ms! > 10)
  assert.match(String(of('verdict', run).at(-1)?.verdict), /^reset\./)
})

rootTest('a server that closes at once is no failure', async () => {
  serve = (socket) => void socket.end('bye')
  const run = await objects(`127.0.0.1:${port}`)
  serve = (socket) => void socket.resume()
  const [attempt] = of('attempt', run)
  assert.deepEqual([run.status, attempt?.outcome, attempt?.received], [0, 'established', 3])
  assert.ok(attempt!.closed_after_ms! >= 0)
})

rootTest('--count: a line each, and statistics over all', async () => {
  const run = await objects('--count', 3, '--interval', '20ms', 'both.lab', port)
  const [series] = of('series', run)
  assert.deepEqual([series?.attempts, series?.established, series?.failed], [6, 3, 3])
  assert.deepEqual(series?.errors, { ECONNREFUSED: 3 })
  const { min, avg, max, samples } = series!.connect_ms as unknown as Record<string, number>
  assert.ok(min! <= avg! && avg! <= max! && samples === 3)
  const { stdout } = await connect('--count', 2, '--interval', '20ms', '127.0.0.1', port)
  assert.match(
    stdout,
    /^ {2}1 {2}✓ established .*\n {2}2 {2}✓ established .*\n2 attempts: 2 established, 0 failed\nconnect\(\) min/,
  )
})

rootTest('SIGINT ends a series with what came so far', async () => {
  const running = new Running([
    builtFile(repository),
    'connect',
    '-c',
    '1000',
    '--interval',
    '100ms',
    `127.0.0.1:${port}`,
  ])
  await running.until('the second attempt', ({ stdout }) => stdout.includes('\n  2  '))
  assert.equal(await running.stop('SIGINT'), 0)
  assert.match(running.stdout, /\n\d+ attempts: \d+ established, 0 failed\n/)
})

rootTest(
  'SIGINT while connect() waits: it is stopped, and neither error nor verdict is made up',
  async () => {
    const running = new Running([builtFile(repository), 'connect', '--json', `${WRONG_HOST}:${port}`])
    // SYN-SENT is state 2; the address is a number in the order of this machine.
    const waiting = `6300007F:${port.toString(16).padStart(4, '0').toUpperCase()} 02`
    while (!readFileSync('/proc/thread-self/net/tcp', 'latin1').includes(waiting)) {
      assert.equal(running.child.exitCode, null, running.stderr)
      await delay(5)
    }
    assert.equal(await running.stop('SIGINT'), 1)
    const all = ndjson<Printed>(running.stdout)
    for (const object of all) assert.ok(validate(object), JSON.stringify([object, validate.errors]))
    const [attempt] = all
    assert.deepEqual(
      [attempt?.outcome, attempt?.error, attempt?.gave_up],
      ['interrupted', undefined, undefined],
    )
    assert.match(String(attempt!.connect_ms), /^\d+(\.\d{1,6})?$/)
    assert.equal(all.filter(({ type }) => type === 'verdict').length, 0)
  },
)

rootTest('SIGINT while the name is resolved ends it at once', async () => {
  const asked = names.asked('silent.lab')
  const running = connecting('silent.lab', port)
  await asked
  assert.equal(await running.stop('SIGINT'), 1)
  assert.match(running.stderr, /stopped while "silent\.lab" was being resolved\n/)
  assert.equal(running.stdout, '')
})

rootTest('--source and --interface: what the kernel refuses is told with the call', async () => {
  const good = await objects('--source', '127.0.0.7', '--interface', 'lo', `127.0.0.1:${port}`)
  assert.deepEqual([good.status, of('attempt', good)[0]?.client?.addr], [0, '127.0.0.7'])
  const elsewhere = ['--source', '192.0.2.1', `127.0.0.1:${port}`]
  const run = await objects(...elsewhere)
  const [attempt] = of('attempt', run)
  assert.deepEqual(
    [run.status, attempt?.outcome, attempt?.call, attempt?.error],
    [1, 'failed', 'bind', 'EADDRNOTAVAIL'],
  )
  assert.match((await connect(...elsewhere)).stdout, /none of this machine/)
})

rootTest('what cannot be dialled as it was asked for: a mistake of the user', async () => {
  for (const [args, message] of [
    [
      ['--interface', 'nosuch0', `127.0.0.1:${port}`],
      /through "nosuch0": no such interface; interfaces here: /,
    ],
    [['fe80::1', port], /needs its interface; write \[fe80::1%\w+\]:\d+; /],
    [['-6', `127.0.0.1:${port}`], /over IPv6: it is an IPv4 address; leave out -6/],
    [['-4', `[::1]:${port}`], /over IPv4: it is an IPv6 address; leave out -4/],
    [['--interface', '', `127.0.0.1:${port}`], /through an interface without a name/],
    [[`fe80::1%${2 ** 32}`, port], /no interface with the number 4294967296/],
  ] as const) {
    const { status, stderr } = await connect(...args)
    assert.equal(status, 2)
    assert.match(stderr, message)
  }
})

rootTest('no route: connect() fails at once, without a packet', async () => {
  const run = await objects('192.0.2.1:80')
  const [attempt] = of('attempt', run)
  assert.deepEqual([run.status, attempt?.outcome, attempt?.error], [1, 'unreachable', 'ENETUNREACH'])
  assert.equal(attempt?.flow, undefined)
  assert.deepEqual(
    of('verdict', run).map(({ verdict }) => verdict),
    ['unreachable.no-route'],
  )
})

rootTest('IPv6, in brackets and beside its port; a listener of the other family is found', async () => {
  const v6 = createServer((socket) => socket.resume())
  const port6 = await listen(v6, '::1')
  assert.equal((await connect('-q', `[::1]:${port6}`)).status, 0)
  assert.equal((await connect('-q', '::1', port6)).status, 0)
  const run = await objects(`[::1]:${port}`)
  assert.deepEqual(
    of('verdict', run).map(({ verdict }) => verdict),
    ['refused.wrong-family'],
  )
  v6.close()
})

rootTest('without the privilege to capture it dials all the same, and says what is missing', async () => {
  const bare = [...NOBODY, builtFile(repository), 'connect']
  const good = new Running([...bare, `127.0.0.1:${port}`])
  assert.equal(await good.ended(), 0)
  assert.match(good.stdout, /^✓ established/)
  assert.match(good.stderr, /^packets are not watched: .*\n.*\nfor all of it run it with sudo, .*sudo setcap/)
  const bad = new Running([...bare, '--json', `127.0.0.2:${port}`])
  assert.equal(await bad.ended(), 1)
  const [attempt, verdict] = ndjson<Printed>(bad.stdout)
  assert.deepEqual(
    [attempt?.error, verdict?.type, verdict?.error],
    ['ECONNREFUSED', 'verdict', 'ECONNREFUSED'],
  )
  assert.ok(validate(attempt) && validate(verdict), JSON.stringify(validate.errors))
})
