import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import type { Io } from '../../../src/cli/io.ts'
import { runList } from '../../../src/cli/list/run.ts'
import { defineList, type ListOptions } from '../../../src/cli/list.ts'
import type { SnapshotOptions } from '../../../src/host/sockets/socket-table.ts'
import { UserError } from '../../../src/user-error.ts'
import { SOCKETS } from '../../support/socket-fixtures.ts'

const INFO = {
  tcp: { tcpi_rtt: 12_500, tcpi_rttvar: 3000, tcpi_snd_cwnd: 10, tcpi_snd_mss: 1448, tcpi_pmtu: 1500 },
  congestion: { name: 'bbr' },
}
const MEMORY = {
  mem: {
    rmem_alloc: 0,
    rcvbuf: 131_072,
    wmem_alloc: 0,
    sndbuf: 16_384,
    fwd_alloc: 0,
    wmem_queued: 0,
    optmem: 0,
    backlog: 0,
    drops: 0,
  },
}

interface Listing {
  readonly code: number
  readonly text: string
  readonly notes: readonly string[]
  readonly asked: SnapshotOptions | undefined
}

/** Runs `list` with these arguments over the made-up sockets. */
async function list(
  args: string,
  terminal?: { columns: number; rows: number },
  degraded: string[] = [],
): Promise<Listing> {
  const program = new Command()
  defineList(program)
  const [command] = program.commands
  let parsed: { filter: readonly string[]; options: ListOptions } | undefined
  command!.exitOverride().configureOutput({ writeErr: () => {} })
  command!.action((filter: readonly string[], options: ListOptions) => {
    parsed = { filter, options }
  })
  await program.parseAsync(['list', ...args.split(' ').filter((word) => word !== '')], { from: 'user' })
  const notes: string[] = []
  let text = ''
  let asked: SnapshotOptions | undefined
  const io: Io = {
    write: (part) => {
      text += part
    },
    writeBytes: (bytes) => {
      text += Buffer.from(bytes).toString('utf8')
    },
    note: (note) => void notes.push(note),
    flush: () => {},
    isTerminal: terminal !== undefined,
    columns: terminal?.columns ?? 80,
    rows: terminal?.rows ?? 24,
    env: {},
  }
  const code = await runList(parsed!.filter, parsed!.options, io, (options) => {
    asked = options
    const details = { ...(options.info && INFO), ...(options.memory && MEMORY) }
    const records = SOCKETS.map((record) =>
      record.local.port === 48_448 ? { ...record, ...details } : record,
    )
    return { records: structuredClone(records), degraded }
  })
  const { kernel: _, ...others } = asked ?? {}
  return { code, text, notes, asked: asked && others }
}

const firstWords = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/)[0]!)

test('-ano typed from habit', async () => {
  const { code, text, asked } = await list('-ano')
  assert.equal(code, 0)
  assert.deepEqual(firstWords(text), ['Netid', 'tcp', 'tcp', 'tcp', 'tcp', 'udp', 'u_str'])
  assert.match(text, /timer:\(keepalive,1min2sec,0\)/)
  assert.equal(asked?.tables, undefined)
})

test('what is asked for', async () => {
  assert.deepEqual((await list('-tx4')).asked, {
    tables: ['tcp', 'unix'],
    families: ['inet'],
    processes: true,
  })
  assert.deepEqual((await list('-u6 --no-process')).asked, {
    tables: ['udp'],
    families: ['inet6'],
    processes: false,
  })
  assert.deepEqual((await list('-w46p')).asked, { tables: ['raw'], processes: true })
  assert.deepEqual((await list('--quiet')).asked, { processes: false })
  assert.deepEqual((await list('--quiet comm = x')).asked, { processes: true })
})

test('listeners, what is connected, and a filter that names states instead', async () => {
  assert.deepEqual(firstWords((await list('-lH')).text), ['tcp', 'tcp', 'udp'])
  assert.deepEqual(firstWords((await list('-H --connected')).text), ['tcp', 'u_str'])
  assert.deepEqual(firstWords((await list('-lH state time-wait')).text), ['tcp'])
})

test('--quiet prints nothing and tells by its exit code', async () => {
  assert.deepEqual(await list('--quiet sport = :443 pid = 77'), {
    code: 0,
    text: '',
    notes: [],
    asked: { processes: true },
  })
  assert.equal((await list('--quiet sport = :1')).code, 1)
})

test('order and columns', async () => {
  const ports = async (args: string): Promise<string[]> =>
    firstWords((await list(`-H --columns local_port ${args}`)).text.replace(/^ +/gm, ''))
  assert.deepEqual(await ports(''), ['80', '443', '443', '48448', '53', '1006'])
  assert.deepEqual(await ports('--sort local_port'), ['53', '80', '443', '443', '1006', '48448'])
  assert.deepEqual(await ports('--sort -local-port'), ['48448', '1006', '443', '443', '80', '53'])
  assert.deepEqual(await ports('--sort local_port:desc'), ['48448', '1006', '443', '443', '80', '53'])
  assert.deepEqual(await ports('--sort Recv-Q:desc'), ['53', '80', '443', '443', '48448', '1006'])
  assert.match((await list('--columns Peer,state')).text, /^Peer +State\n/)
  for (const option of ['--columns state,nothing', '--sort nothing'])
    await assert.rejects(
      list(option),
      (error) => error instanceof UserError && /"nothing"/.test(error.message),
    )
})

test('--json and --csv', async () => {
  const { text } = await list('--json sport = :53')
  const { time, ts, ...record } = JSON.parse(text)
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
  assert.equal(Math.floor(Date.parse(time) / 1000), Math.floor(ts))
  assert.deepEqual(record, SOCKETS[4])
  assert.match((await list('--csv')).text, /^netid,state,recv_q,send_q,local_addr,local_port,.*\r\n/)
  await assert.rejects(list('--csv --json'), /cannot be used with/)
})

test('a terminal gets a table that fits, or columns when it is too small for one', async () => {
  const screen = await list('', { columns: 70, rows: 24 })
  const long = await list('', { columns: 70, rows: 4 })
  assert.equal(screen.text, long.text)
  assert.ok(screen.text.includes('…'))
  const whole = await list('-O', { columns: 70, rows: 24 })
  assert.ok(!whole.text.includes('…'))
})

test('on a terminal what -i and -m tell stands below its line, and nothing is wider', async () => {
  const { text } = await list('-im --color never', { columns: 60, rows: 24 })
  const lines = text.trimEnd().split('\n')
  assert.ok(lines.every((line) => [...line].length <= 60))
  const at = lines.findIndex((line) => line.includes('48448'))
  assert.match(lines[at + 1]!, /^ {8}skmem:\(r0,/)
  assert.match(lines[at + 2]!, /^ {8}.*rtt:12\.5\/3/)
  const [header, first] = (await list('-imH sport = :48448')).text.split('\n')
  assert.match(header!, /skmem:.* bbr .*rtt:12\.5\/3/)
  assert.equal(first, '')
})

test('colour is on for a terminal and when it is asked for', async () => {
  const escapes = /\u001b\[/
  assert.match((await list('', { columns: 80, rows: 24 })).text, escapes)
  assert.doesNotMatch((await list('--color never', { columns: 80, rows: 24 })).text, escapes)
  assert.match((await list('--color always')).text, escapes)
  assert.doesNotMatch((await list('')).text, escapes)
})

test('nothing of a process or path reaches the terminal as a control character', async () => {
  for (const args of ['', '--csv', '--json', '-O'])
    assert.doesNotMatch((await list(args)).text.replaceAll('\r\n', ''), /[\u001b\u202e]/)
})

test('what is missing is said once, as a note', async () => {
  assert.deepEqual((await list('', undefined, ['owners are missing'])).notes, [
    'socktrace: owners are missing',
  ])
  assert.match((await list('-v')).notes[0]!, /^6 sockets read in \d+ ms, 6 match$/)
})

for (const option of ['-Z', '--nonsense'])
  test(`${option} is not an option yet`, async () => {
    await assert.rejects(list(option), /unknown option/)
  })
