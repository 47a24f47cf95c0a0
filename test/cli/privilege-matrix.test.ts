import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Verdict } from '../../src/diagnose/verdict.ts'
import type { Check } from '../../src/render/doctor.ts'
import { DOCTOR_CHECKS } from '../support/doctor-checks.ts'
import { IS_PARANOID, watchesReturns } from '../support/linux.ts'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, type Ran, Running, repository, runCommand } from '../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../support/root.ts'

/** What a privilege decides: the parts of `doctor` in the order of its table. */
type Part = 'packet ring' | 'cap engine' | 'owners' | 'tracepoints' | 'BPF'

interface Situation {
  readonly name: string
  /** The command line that leads into it, in front of the program's. */
  readonly wrapper: readonly string[]
  readonly status: Readonly<Record<Part, Check['status']>>
  /** Notes before the first verdict of a live run, one for each thing that is missing and one for the mend. */
  readonly notes: readonly RegExp[]
  /** The same of `connect`, which without packets needs to know nothing of other processes. */
  readonly connectNotes?: readonly RegExp[]
  /** Planes of which a refused connection's verdict has something. */
  readonly seen: readonly string[]
}

const SETCAP = String.raw`sudo setcap cap_net_raw,cap_perfmon,cap_bpf,cap_sys_ptrace,cap_dac_read_search\+ep \/\S+`
/** Nothing has mounted tracefs: our namespaces have a /sys of their own. */
const MOUNT = String.raw`sudo mount -t tracefs tracefs \/sys\/kernel\/tracing`
const FILE_ALONE = new RegExp(`^for all of it run it with sudo, or allow it for good: ${SETCAP}$`)
const ALLOW = `${IS_PARANOID ? String.raw`sudo sysctl kernel\.perf_event_paranoid=2 && ` : ''}${SETCAP}`
const WITHOUT_TRACEFS = new RegExp(
  `^for all of it run it with sudo, or allow it ${IS_PARANOID ? 'until the next start' : 'for good'}: ${ALLOW}$`,
)
const BOTH = new RegExp(
  `^for all of it run it with sudo, or allow it until the next start: ${MOUNT} && ${ALLOW}$`,
)
const NO_PACKETS =
  /^packets are not watched: Cannot capture on every interface: no permission to open a packet socket$/
const NO_KERNEL =
  /^the kernel tells nothing of sockets and packets, nor who owns short-lived connections: Cannot open tracefs: EPERM$/
const NO_EVENTS =
  /^processes that end early have the names of their threads: kernel events cannot be read \(EACCES\)$/
const NO_CALLS = /^calls of connect\(\) that fail at once are not told: Cannot open tracefs: EPERM$/

const PARANOID = '/proc/sys/kernel/perf_event_paranoid'

/** Where connect() is watched without tracefs. */
const WATCHES_CALLS = isRoot && watchesReturns()

/** A /sys without tracefs, whatever the machine has mounted. */
const BARE_SYS = ['unshare', '-m', 'sh', '-c', 'umount -R /sys; mount -t sysfs sysfs /sys; exec "$@"', 'sh']
/** A loopback interface that is up in a network namespace of a user namespace. */
const LOOPBACK_UP = ['sh', '-c', 'ip link set lo up; exec "$@"', 'sh']

const SITUATIONS: readonly Situation[] = [
  {
    name: 'nobody',
    wrapper: NOBODY,
    status: {
      'packet ring': 'missing',
      'cap engine': 'missing',
      owners: 'degraded',
      tracepoints: 'missing',
      BPF: 'missing',
    },
    notes: [NO_PACKETS, NO_KERNEL, BOTH],
    seen: ['socket', 'process'],
  },
  {
    name: 'only CAP_NET_RAW',
    wrapper: withCapabilities('net_raw'),
    status: {
      'packet ring': 'ok',
      'cap engine': 'ok',
      owners: 'degraded',
      tracepoints: 'missing',
      BPF: 'missing',
    },
    notes: [NO_KERNEL, BOTH],
    seen: ['wire', 'socket', 'process'],
  },
  {
    name: 'only CAP_BPF and CAP_PERFMON',
    wrapper: withCapabilities('bpf', 'perfmon'),
    status: {
      'packet ring': 'missing',
      'cap engine': 'missing',
      owners: 'degraded',
      tracepoints: 'missing',
      BPF: WATCHES_CALLS ? 'ok' : 'degraded',
    },
    notes: withBpf(NO_PACKETS),
    connectNotes: WATCHES_CALLS ? [NO_PACKETS, FILE_ALONE] : [NO_PACKETS, NO_CALLS, BOTH],
    seen: ['socket', 'process', 'kernel'],
  },
  {
    name: 'only CAP_NET_RAW, CAP_BPF and CAP_PERFMON',
    wrapper: withCapabilities('net_raw', 'bpf', 'perfmon'),
    status: {
      'packet ring': 'ok',
      'cap engine': 'ok',
      owners: 'degraded',
      tracepoints: 'missing',
      BPF: WATCHES_CALLS ? 'ok' : 'degraded',
    },
    notes: withBpf(),
    seen: ['wire', 'socket', 'process', 'kernel'],
  },
  {
    name: 'root of a user namespace, as in a container',
    wrapper: ['unshare', '-Urn', ...LOOPBACK_UP],
    status: {
      'packet ring': 'ok',
      'cap engine': 'ok',
      owners: 'degraded',
      tracepoints: 'missing',
      BPF: 'missing',
    },
    notes: [
      NO_KERNEL,
      /^for all of it run it outside of this user namespace, whose root has no rights over the kernel$/,
    ],
    seen: ['wire', 'socket', 'process'],
  },
  {
    name: 'root without tracefs',
    wrapper: BARE_SYS,
    status: { 'packet ring': 'ok', 'cap engine': 'ok', owners: 'ok', tracepoints: 'ok', BPF: 'ok' },
    notes: [],
    seen: ['wire', 'socket', 'process', 'kernel'],
  },
]

const MARKS = { ok: '✓', degraded: '~', missing: '✗' } as const

const program = isRoot ? builtFile(repository) : ''
/** Nobody listens there. */
const REFUSED = '127.0.0.1:9'
let namespace: Namespace

before(() => {
  if (isRoot) namespace = new Namespace('privileges')
})
after(() => {
  if (isRoot) namespace.close()
})

/** What lacks with CAP_BPF and CAP_PERFMON, and the mend of it all. */
function withBpf(...before: readonly RegExp[]): RegExp[] {
  const lacks = [...before, ...(WATCHES_CALLS ? [] : [NO_CALLS]), ...(IS_PARANOID ? [NO_EVENTS] : [])]
  const mend = WATCHES_CALLS ? WITHOUT_TRACEFS : BOTH
  return lacks.length === 0 ? [] : [...lacks, mend]
}

function withCapabilities(...names: readonly string[]): string[] {
  const sets = ['-all', ...names.map((name) => `+${name}`)].join(',')
  return [...NOBODY, `--inh-caps=${sets}`, `--ambient-caps=${sets}`]
}

function run({ wrapper }: Situation, ...args: readonly string[]): Ran {
  return runCommand(namespace.inside([...wrapper, program, ...args]))
}

/** The notes are exactly those that were expected, in their order. */
function assertNotes(stderr: string, expected: readonly RegExp[]): void {
  const notes = stderr
    .split('\n')
    .filter((line) => line !== '' && !/^\d+ packets captured|^listening/.test(line))
  assert.equal(notes.length, expected.length, stderr)
  for (const [index, pattern] of expected.entries()) assert.match(notes[index]!, pattern)
}

/** A refused connection, by whatever planes were watched: never anything but that. */
function assertRefused({ verdict, error, evidence }: Verdict, seen: readonly string[]): void {
  assert.deepEqual([verdict, error], ['refused.no-listener', 'ECONNREFUSED'])
  assert.deepEqual(
    evidence.filter(({ status }) => status === 'seen').map(({ plane }) => plane),
    seen,
  )
  for (const { plane, status, detail } of evidence)
    if (status === 'not_watched') assert.match(detail, /\(mend: socktrace doctor\)$/, plane)
}

for (const situation of SITUATIONS) {
  const { name, status, notes, connectNotes = notes, seen } = situation

  rootTest(`${name}: doctor`, () => {
    const ran = run(situation, 'doctor', '--json')
    assert.equal(ran.status, 0, ran.stderr)
    const checks = new Map(ndjson<Check>(ran.stdout).map((check) => [check.name, check]))
    for (const [part, expected] of Object.entries(status)) {
      const check = checks.get(part)!
      // A process with more capabilities than this root's is closed to it: then that one is counted.
      if (part === 'owners' && expected === 'ok')
        assert.match(check.detail, /all \d+ processes| of [1-3] of /)
      else assert.equal(check.status, expected, `${part}: ${check.detail}`)
      if (expected !== 'ok') assert.match(check.mend!, /^sudo (setcap|mount|sysctl)|^run it outside/, part)
    }
    for (const part of ['kernel', 'libpcap', 'sock_diag', 'unix_diag'])
      assert.equal(checks.get(part)!.status, 'ok')
  })

  rootTest(`${name}: doctor prints the whole table, each mend below what it mends`, () => {
    const { stdout } = run(situation, 'doctor')
    const rows = stdout.split('\n').flatMap((line) => {
      const [, mark, plane, part] = /^([✓~✗]) (.{7}) (.{12}) \S/.exec(line) ?? []
      if (mark !== undefined) return [[mark, plane!.trim(), part!.trim()].join(' ')]
      const [, mend] = /^ {23}mend: (.*)$/.exec(line) ?? []
      assert.ok(mend !== undefined || line === '', line)
      return mend === undefined ? [] : [mend]
    })
    const checks = ndjson<Check>(run(situation, 'doctor', '--json').stdout)
    const expected = checks.flatMap(({ status: is, plane, name: part, mend }) => [
      [MARKS[is], plane ?? '', part].join(' '),
      ...(mend === undefined ? [] : [mend]),
    ])
    assert.deepEqual(rows, expected)
    assert.deepEqual(
      checks.map(({ name: part }) => part),
      DOCTOR_CHECKS,
    )
  })

  rootTest(`${name}: connect`, () => {
    const ran = run(situation, 'connect', '--json', REFUSED)
    assert.equal(ran.status, 1, ran.stderr)
    assertNotes(ran.stderr, connectNotes)
    const verdict = ndjson<Verdict>(ran.stdout).findLast(({ type }) => type === 'verdict')!
    assertRefused(verdict, seen)
    assert.deepEqual([verdict.process?.client?.comm, verdict.final], ['socktrace', true])
  })

  rootTest(`${name}: connect where no route leads`, () => {
    const { stdout, status: code } = run(situation, 'connect', '--json', '198.51.100.1:9')
    assert.equal(code, 1)
    const [attempt, verdict] = ndjson<Verdict>(stdout)
    assert.equal(attempt!.error, 'ENETUNREACH')
    assert.deepEqual([verdict?.verdict, verdict?.error], ['unreachable.no-route', 'ENETUNREACH'])
  })

  rootTest(`${name}: list`, () => {
    const ran = run(situation, 'list', '--json')
    assert.equal(ran.status, 0, ran.stderr)
    assert.equal(ran.stderr, '')
  })
}

const [watching, blind] = [true, false].map((sees) =>
  SITUATIONS.filter(
    ({ status, seen }) => (status['packet ring'] === 'ok' || seen.includes('kernel')) === sees,
  ),
) as [Situation[], Situation[]]
/** A network namespace of its own is entered by way of the process that has it. */
function beside(command: readonly string[], { pid }: Running, { wrapper }: Situation): string[] {
  return wrapper.includes('-Urn')
    ? ['nsenter', '-t', `${pid}`, '-U', '-n', '--preserve-credentials', ...command]
    : namespace.inside(command)
}

for (const situation of watching) {
  rootTest(`${situation.name}: trace --failures sees what others do`, async () => {
    const trace = new Running(
      namespace.inside([...situation.wrapper, program, 'trace', '--failures', '--json']),
    )
    await trace.until('it watches', ({ stderr }) => stderr.includes('listening'))
    if (situation.notes.length > 0)
      await trace.until('its notes', ({ stderr }) => stderr.includes('for all of it'))
    const dial =
      'import socket\ntry: socket.create_connection(("127.0.0.1", 9))\nexcept OSError as e: print(e.errno)'
    assert.equal(runCommand(beside(['python3', '-c', dial], trace, situation)).stdout, '111\n')
    await trace.until('the verdict', ({ stdout }) => stdout.includes('\n'))
    assert.equal(await trace.stop('SIGINT'), 0)
    const verdicts = ndjson<Verdict>(trace.stdout).filter(({ type }) => type === 'verdict')
    assert.equal(verdicts.length, 1)
    // Who has gone before it could be looked for is known by the kernel's word alone.
    const isNamed = situation.seen.includes('kernel')
    assertRefused(
      verdicts[0]!,
      isNamed ? situation.seen : situation.seen.filter((plane) => plane !== 'process'),
    )
    assertNotes(trace.stderr, situation.notes)
  })
}

for (const situation of blind)
  for (const args of [['trace', '--failures'], []])
    rootTest(`${situation.name}: socktrace ${args.join(' ')} says what is missing, exit 3`, () => {
      const ran = run(situation, ...args)
      assert.equal(ran.status, 3)
      assert.match(
        ran.stderr,
        new RegExp(`^socktrace: Cannot capture on every interface: .*; run it with sudo, .*${SETCAP}\n$`),
      )
    })

rootTest('the table and the mend are those of the notes', () => {
  const nobody = SITUATIONS[0]!
  const table = run(nobody, 'doctor').stdout
  assert.match(table, new RegExp(`✗ kernel +tracepoints .*\n +mend: ${MOUNT} && ${ALLOW}\n`))
  assert.match(table, new RegExp(`✗ wire +packet ring .*\n +mend: ${SETCAP}\n`))
  const container = run(SITUATIONS[4]!, 'doctor').stdout
  assert.match(container, /✗ kernel +BPF .*\n +mend: run it outside of this user namespace/)
})

rootTest('the mend of everything mends', () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-mend-'))
  const paranoid = IS_PARANOID ? readFileSync(PARANOID) : ''
  try {
    chmodSync(folder, 0o755)
    const node = join(folder, 'node')
    copyFileSync(process.execPath, node)
    const bare = [...NOBODY, node, program]
    const { stderr } = runCommand(namespace.inside([...bare, 'connect', REFUSED]))
    const mend = /allow it until the next start: (.*)$/m.exec(stderr)![1]!.replaceAll('sudo ', '')
    // What is mounted, in a mount namespace that ends with the command.
    const mended = ['unshare', '-m', 'sh', '-c', `{ ${mend}; } >/dev/null && exec "$@"`, 'sh', ...bare]
    const connected = runCommand(namespace.inside([...mended, 'connect', '--json', REFUSED]))
    assert.equal(connected.status, 1)
    assertNotes(connected.stderr, [])
    assertRefused(ndjson<Verdict>(connected.stdout)[1]!, ['wire', 'socket', 'process', 'kernel'])
    const doctor = runCommand(namespace.inside([...mended, 'doctor', '--json']))
    for (const { name, status, detail } of ndjson<Check>(doctor.stdout))
      if (name !== 'owners') assert.equal(status, 'ok', `${name}: ${detail}`)
  } finally {
    if (IS_PARANOID) writeFileSync(PARANOID, paranoid)
    rmSync(folder, { recursive: true })
  }
})

rootTest('a plain pipe: the snapshot, and connections as they come', async () => {
  const situation = SITUATIONS[1]!
  const live = new Running(namespace.inside([...situation.wrapper, program, '--duration', '3s']))
  await live.until('its notes', ({ stderr }) => stderr.includes('for all of it'))
  runCommand(namespace.inside(['bash', '-c', ': < /dev/tcp/127.0.0.1/9']))
  await live.until('the verdict', ({ stdout }) => stdout.includes('refused.no-listener'))
  assert.equal(await live.ended(), 0)
  assert.match(live.stdout, /^Netid +State /)
})
