import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import fc from 'fast-check'
import { endpointText, NUMERIC, netidText } from '../../../src/render/socket-text.ts'
import { parseFilter } from '../../../src/sockets/filter.ts'
import type { SocketRecord } from '../../../src/sockets/socket.ts'
import { statesNamed } from '../../../src/sockets/state-names.ts'
import { ConnectionsLab } from '../../lab/connections-lab.ts'
import { PORT } from '../../lab/connections-plan.ts'
import { ndjson } from '../../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../../support/root.ts'
import { parseSs, type SsLine } from '../../support/ss.ts'

let lab: ConnectionsLab

before(async () => {
  if (isRoot) lab = await ConnectionsLab.open()
})
after(async () => {
  if (isRoot) await lab.close()
})

function listed(...args: string[]): SocketRecord[] {
  return ndjson<SocketRecord>(lab.list(['--json', ...args]))
}

function keyOf(record: SocketRecord): string {
  const owners = record.processes.map(({ pid, fd }) => `${pid}/${fd}`).sort()
  const ends = [endpointText(record, 'local', NUMERIC), endpointText(record, 'remote', NUMERIC)]
  return [netidText(record), record.state, ...ends, owners.join(' ')].join(' | ')
}

/** A line of ss in the words of this program: its state names are spellings that the filter takes. */
function keyOfSs({ netid, state, local, remote, owners }: SsLine): string {
  const [first, second] = statesNamed(state) ?? []
  // ss calls every closed socket UNCONN; here only a datagram or raw socket is.
  const closed = netid === 'tcp' || netid === 'u_str' || netid === 'u_seq' ? first : second
  return [netid, second === undefined ? first : closed, local, remote, owners.join(' ')].join(' | ')
}

rootTest('TCP and UDP agree with ss on protocol, state, both ends, pids and descriptors', () => {
  const theirs = parseSs(lab.run(['ss', '-tuanpH']))
    .map(keyOfSs)
    .sort()
  const ours = listed('-a').map(keyOf).sort()
  assert.ok(ours.length > 1000, `${ours.length} sockets`)
  assert.deepEqual(ours, theirs)
})

rootTest(
  'an ordinary user sees what ss shows that user, and the owners of the own sockets alone',
  async () => {
    const server = `require('net').createServer().listen(4010, '127.0.0.1', () => console.log('ready'))`
    const own = await lab.start([...NOBODY, process.execPath, '-e', server])
    for (const [options, unix] of [
      ['-tuanpH', false],
      ['-xanpH', true],
    ] as const) {
      const theirs = parseSs(lab.run([...NOBODY, 'ss', options]), unix)
      const ours = ndjson<SocketRecord>(lab.list(['--json', unix ? '-x' : '-a'], NOBODY))
      assert.deepEqual(
        ours
          .map((record) => keyOf(unix ? { ...record, remote: { inode: record.remote.inode! } } : record))
          .sort(),
        theirs.map(keyOfSs).sort(),
      )
      if (unix) continue
      const owners = ours.flatMap(({ processes }) => processes.map(({ pid }) => pid))
      assert.deepEqual(owners, [own.pid])
      assert.equal(ours.length, listed('-a').length)
    }
  },
)

rootTest('/proc/net as the source gives the same sockets and owners', () => {
  const script = `
    const { snapshot } = await import('./src/host/sockets/socket-table.ts')
    const { records } = snapshot({ source: 'proc', tables: ['tcp', 'udp', 'raw'] })
    for (const record of records) console.log(JSON.stringify(record))`
  const fromProc = ndjson<SocketRecord>(
    lab.run([process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]),
  )
  // What the text of /proc/net cannot tell.
  const plain = (record: SocketRecord): string => keyOf({ ...record, v6only: true })
  assert.deepEqual(fromProc.map(plain).sort(), listed('-tuw').map(plain).sort())
})

rootTest('unix and raw sockets agree with ss', () => {
  const theirs = parseSs(lab.run(['ss', '-xanpH']), true)
  const ours = listed('-x')
  assert.ok(ours.length >= 3)
  assert.deepEqual(
    // ss leaves out the path of the peer.
    ours.map((record) => keyOf({ ...record, remote: { inode: record.remote.inode! } })).sort(),
    theirs.map(keyOfSs).sort(),
  )
  const raw = listed('-w')
  assert.equal(raw.length, 1)
  assert.deepEqual(
    [raw[0]!.netid, raw[0]!.state, raw[0]!.local],
    ['raw', 'UNCONN', { addr: '0.0.0.0', port: 1 }],
  )
})

rootTest('a listener shows what waits to be accepted and what is half open', () => {
  const listeners = listed('-l', '-t', '-4')
  const of = (port: number) => listeners.find(({ local }) => local.port === port)?.listen
  const backlog = 511
  const exposure = 'loopback'
  assert.deepEqual(of(PORT.acceptQueue), { accept_queue: 40, backlog, syn_queue: 0, exposure })
  assert.deepEqual(of(PORT.synRecv), { accept_queue: 0, backlog, syn_queue: 40, exposure })
  assert.deepEqual(of(PORT.established), { accept_queue: 0, backlog, syn_queue: 0, exposure })
})

rootTest('--tree --json: what came in names its listener', () => {
  const records = listed('-t', '-4', '--tree')
  const key = ({ listener: _, ...record }: SocketRecord): string => keyOf(record)
  assert.deepEqual(records.map(key).sort(), listed('-t', '-4').map(keyOf).sort())
  const listener = records.findIndex(
    ({ state, local }) => state === 'LISTEN' && local.port === PORT.acceptQueue,
  )
  const children = records.filter((record) => record.listener === records[listener]!.cookie)
  assert.deepEqual(records.slice(listener + 1, listener + 41), children)
  assert.ok(children.every(({ local, inode }) => local.port === PORT.acceptQueue && inode === 0))
})

/** The filter examples of ss(8), numbers for names that only some machines know, and one of each predicate. */
const FILTERS: readonly string[] = [
  'state established ( dport = :ssh or sport = :ssh )',
  'state fin-wait-1 ( sport = :http or sport = :https ) dst 193.233.7/24',
  'state connected',
  'state synchronized',
  'state bucket',
  'state big',
  'state all',
  'state time-wait state last-ack',
  'exclude established',
  'exclude listening exclude bucket',
  'state connected exclude syn-sent exclude established',
  'dst 127.0.0.1',
  'src 127.0.0.0/8',
  'dst [::1]',
  'src [::1]:4002',
  'src 127.0.0.1:4003',
  'src *:4004',
  'src 127.1/16',
  'dport > :4003',
  'dport >= 4003 and dport lt :4006',
  '! dport = :4000',
  'not ( sport = :4000 or dport = :4000 )',
  'src [::ffff:127.0.0.1]',
]

/** States of Linux that this ss calls by a number are left to the lab itself. */
function ssMatches(filter: string): string[] {
  return parseSs(lab.run(['ss', '-tuanpH', ...filter.split(' ')]))
    .map(keyOfSs)
    .sort()
}

const NAMES = {
  servicePort: (name: string) => ({ ssh: 22, http: 80, https: 443 })[name],
  interfaceName: () => undefined,
  ephemeralPorts: () => [32_768, 60_999] as const,
}

const withoutOwners = (key: string): string => key.replace(/[^|]*$/, '')
const endsOf = (record: SocketRecord): string => withoutOwners(keyOf(record))

/** What the kernel itself selects for each filter, in one process. */
function kernelSelects(filters: readonly string[]): string[][] {
  const script = `
    const { snapshot } = await import('./src/host/sockets/socket-table.ts')
    const { parseFilter } = await import('./src/sockets/filter.ts')
    const names = { servicePort: (name) => ({ ssh: 22, http: 80, https: 443 })[name], interfaceName() {} }
    for (const filter of ${JSON.stringify(filters)}) {
      const { kernel, matches } = parseFilter([filter], names)
      const { records } = snapshot({ kernel, processes: false })
      const { exact } = kernel('tcp')
      console.log(JSON.stringify(exact ? records : records.filter(matches)))
    }`
  const command = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]
  return ndjson<SocketRecord[]>(lab.run(command)).map((records) => records.map(endsOf).sort())
}

/** TIME_WAIT and half-open connections last a minute: what is gone at the end is left out on both sides. */
function agreesWithSs(filters: readonly string[]): void {
  const records = listed('-a')
  const kernel = kernelSelects(filters)
  assert.equal(kernel.length, filters.length)
  const theirs = filters.map(ssMatches)
  const still = new Set(listed('-a').map(endsOf))
  const lasting = (keys: readonly string[]): string[] => keys.filter((key) => still.has(withoutOwners(key)))
  for (const [index, filter] of filters.entries()) {
    const { matches } = parseFilter(filter.split(' '), NAMES)
    const selected = lasting(theirs[index]!)
    assert.deepEqual(lasting(records.filter(matches).map(keyOf).sort()), selected, filter)
    assert.deepEqual(lasting(kernel[index]!), selected.map(withoutOwners).sort(), `${filter} (kernel)`)
  }
}

rootTest('filters select what ss selects', () => agreesWithSs(FILTERS))

rootTest('generated filters select what ss selects', () => {
  const port = fc.integer({ min: 3999, max: 4009 })
  const primary = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('sport', 'dport'),
        fc.constantFrom('=', '!=', '<', '>', '<=', '>=', 'eq', 'neq'),
        port,
      )
      .map(([side, operator, number]) => `${side} ${operator} :${number}`),
    fc
      .tuple(
        fc.constantFrom('src', 'dst'),
        fc.constantFrom('127.0.0.1', '127.0.0.0/8', '[::1]', '*'),
        fc.option(port),
      )
      .map(([side, host, number]) => `${side} ${host}${number === null ? '' : `:${number}`}`),
  )
  // This ss reads `and` and `or` from left to right, so parentheses say what is meant.
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3 },
      primary,
      fc
        .tuple(tie('expression'), fc.constantFrom(' and ', ' or ', ' && ', ' | ', ' '), tie('expression'))
        .map(([left, operator, right]) => `( ${left}${operator}${right} )`),
      tie('expression').map((inner) => `not ( ${inner} )`),
    ),
  }))
  agreesWithSs(fc.sample(expression, { seed: 4, numRuns: 200 }))
})

rootTest('lines of the kernel rows are those of the records', () => {
  for (const args of [
    ['-a'],
    ['-tan', '--no-process'],
    ['-lw', '-u'],
    ['-t6H'],
    ['-at', 'sport', '=', ':4000'],
  ]) {
    // Connections that are not answered end meanwhile: held to the records are lines that were the same after them.
    let [lines, records, after] = ['', '', lab.list(args)]
    for (let round = 0; round < 5 && lines !== after; round++)
      [lines, records, after] = [after, lab.list([...args, '-v']), lab.list(args)]
    assert.ok(lines.split('\n').length > 1)
    assert.equal(lines, records, args.join(' '))
  }
})
