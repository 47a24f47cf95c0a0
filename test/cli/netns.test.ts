import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Verdict } from '../../src/diagnose/verdict.ts'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import { netnsInode } from '../../src/host/netns.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../support/root.ts'

const program = (): string => builtFile(repository)
const folder = mkdtempSync(join(tmpdir(), 'socktrace-netns-'))

/** Takes connections on 127.0.0.1 alone, and closes each when its client has. */
const SERVER = `
import socket
s = socket.create_server(('127.0.0.1', 8080))
print('ready', flush=True)
while True:
    c, _ = s.accept()
    c.recv(1)
    c.close()
`
/** One that is taken, and one to the address where nobody listens. */
const CLIENT = 'exec 3<>/dev/tcp/127.0.0.1/8080; exec 3>&-; exec 3<>/dev/tcp/127.0.0.2/8080'

/** The same in the control group of a container; it lives on, so that it can be looked into. */
const CONTAINED = `
import os, socket, sys, time
open(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()))
socket.create_connection(('127.0.0.1', 8080)).close()
socket.socket().connect_ex(('127.0.0.2', 8080))
time.sleep(60)
`

let there: Namespace
let server: Running

before(async () => {
  if (!isRoot) return
  there = new Namespace('there')
  server = new Running(there.inside(['python3', '-c', SERVER]))
  await server.until('the server', ({ stdout }) => stdout.includes('ready'))
})

after(async () => {
  rmSync(folder, { recursive: true })
  if (!isRoot) return
  await server.stop('SIGKILL')
  there.close()
})

type Printed = FlowEvent | FlowRecord | SocketRecord | Verdict | { readonly type: 'summary' }

function flowsOf(printed: readonly Printed[]): FlowRecord[] {
  return printed.filter((object): object is FlowRecord => object.type === 'flow')
}

/** The connections of a CLIENT, with who opened them, and why the second one was refused. */
function assertShowsBoth(printed: readonly Printed[], client = 'bash'): void {
  const flows = flowsOf(printed).slice(0, 2)
  assert.deepEqual(flows.map(({ outcome, process }) => [outcome, process?.client?.comm]).sort(), [
    ['closed', client],
    ['refused', client],
  ])
  const verdicts = printed.filter((object): object is Verdict => object.type === 'verdict')
  assert.deepEqual([...new Set(verdicts.map(({ verdict }) => verdict))], ['refused.wrong-address'])
  const { summary, evidence } = verdicts[0]!
  assert.match(summary, /^python3\[\d+\] listens on port 8080, but only on 127\.0\.0\.1/)
  const kernel = evidence.find(({ plane }) => plane === 'kernel')
  assert.match(kernel!.detail, /client got ECONNREFUSED/)
}

rootTest('trace --netns: the traffic of that namespace and of no other', async () => {
  const traces = [['--netns', there.name], []].map(
    (where) => new Running([program(), 'trace', '--json', ...where]),
  )
  const [inside, outside] = traces as [Running, Running]
  for (const trace of traces)
    await trace.until('it captures', ({ stderr }) => stderr.includes('listening on every interface'))
  // The owner of a listener that is older than the trace is not found at once on a busy machine.
  const isServerNamed = /"step":2,.*"comm":"python3"/
  for (let n = 1; n <= 20 && !isServerNamed.test(inside.stdout); n++) {
    runCommand(there.inside(['bash', '-c', CLIENT]))
    await inside.until('the verdict', ({ stdout }) => stdout.split('refused.wrong-address').length > n)
  }
  assert.match(inside.stdout, isServerNamed)
  for (const trace of traces) assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
  assertShowsBoth(ndjson<Printed>(inside.stdout))
  const others = flowsOf(ndjson<Printed>(outside.stdout)).filter(({ server: { port } }) => port === 8080)
  assert.deepEqual(others, [])
})

/** Where control groups of version 2 can be made; `undefined` where there are none. */
function cgroupFolder(): string | undefined {
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1]
  try {
    return mount && mkdtempSync(`${mount}/socktrace-container-`)
  } catch {
    return undefined
  }
}

rootTest('trace --container: only connections of its processes', async () => {
  const group = cgroupFolder()
  if (group === undefined) return
  const container = join(group, 'c3'.repeat(32))
  mkdirSync(container)
  const trace = new Running([
    program(),
    'trace',
    '--netns',
    there.name,
    '--json',
    '--container',
    'c3'.repeat(6),
  ])
  await trace.until('it captures', ({ stderr }) => stderr.includes('listening on'))
  runCommand(there.inside(['bash', '-c', CLIENT]))
  // `ip netns exec` would mount /sys anew, without the control groups.
  const inside = ['nsenter', `--net=/run/netns/${there.name}`, 'python3', '-c', CONTAINED, container]
  const contained = new Running(inside)
  await trace.until('the verdict', ({ stdout }) => stdout.includes('refused.wrong-address'))
  assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
  await contained.stop('SIGKILL')
  for (const folder of [container, group]) rmdirSync(folder)
  const printed = ndjson<Printed>(trace.stdout)
  assertShowsBoth(printed, 'python3')
  assert.equal(flowsOf(printed).length, 2)
  for (const { process } of flowsOf(printed)) assert.equal(process?.client?.container, 'c3'.repeat(6))
})

rootTest('run --netns: the command runs and is traced there', () => {
  const file = join(folder, 'run.ndjson')
  const command = ['run', '--netns', there.name, '--json', '--events', '--flows', '--failures', '-o', file]
  const { status } = runCommand([program(), ...command, '--', 'bash', '-c', CLIENT])
  assert.equal(status, 1, 'the status of bash')
  assertShowsBoth(ndjson<Printed>(readFileSync(file, 'utf8')))
})

rootTest('connect --netns: from there', () => {
  const connect = (target: string) => runCommand([program(), 'connect', '--netns', there.name, target])
  assert.equal(connect('127.0.0.1:8080').status, 0)
  const { status, stdout } = connect('127.0.0.2:8080')
  assert.equal(status, 1)
  assert.match(stdout, /refused\.wrong-address/)
  assert.match(stdout, /wire +seen +SYN answered by RST/)
})

rootTest('plain --netns: its sockets, by its number', () => {
  const line = [program(), '--netns', there.name, '--json', '--duration', '100ms']
  const { status, stdout, stderr } = runCommand(line)
  assert.equal(status, 0, stderr)
  const sockets = ndjson<Printed>(stdout).filter((object): object is SocketRecord => object.type === 'socket')
  const listeners = sockets.filter(({ state }) => state === 'LISTEN')
  assert.deepEqual(
    listeners.map(({ local, netns, processes }) => [local.port, netns, processes[0]?.comm]),
    [[8080, netnsInode(there.name), 'python3']],
  )
})

rootTest('devices --netns: its interfaces, by a path too', () => {
  for (const name of [there.name, `/run/netns/${there.name}`]) {
    const { stdout } = runCommand([program(), 'devices', '--netns', name, '--json'])
    assert.deepEqual(
      ndjson<{ name: string }>(stdout).map((device) => device.name),
      ['lo'],
    )
  }
})

rootTest('a namespace that is not there, is every one, or may not be entered', () => {
  const refused = (...command: string[]) => {
    const { status, stderr } = runCommand(command)
    return [status, stderr.trim()]
  }
  assert.deepEqual(refused(program(), 'trace', '--netns', 'nosuch'), [
    2,
    'socktrace: There is no network namespace "nosuch" (/run/netns/nosuch); give a name of `ip netns list`, a path, or a pid',
  ])
  assert.deepEqual(refused(program(), 'trace', '--netns', 'all'), [
    2,
    'socktrace: Cannot be in all network namespaces at once; `socktrace list --netns all` shows the sockets of all; name one of them here',
  ])
  const [status, line] = refused(...NOBODY, program(), 'run', '--netns', there.name, 'true')
  assert.equal(status, 125)
  assert.match(
    String(line),
    /^socktrace: Cannot enter the network namespace .*EPERM; run with sudo \(CAP_SYS_ADMIN\)$/,
  )
  assert.equal(refused(...NOBODY, program(), 'trace', '--netns', there.name)[0], 3)
})
