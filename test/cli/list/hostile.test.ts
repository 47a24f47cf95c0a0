import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { socketColumns } from '../../../src/render/socket-columns.ts'
import { NUMERIC } from '../../../src/render/socket-text.ts'
import type { SocketRecord } from '../../../src/sockets/socket.ts'
import { Namespace } from '../../support/namespace.ts'
import { builtFile, ndjson, Running, repository } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

/** 4 KiB of escape sequences as one argument. */
const ARGUMENT = '\u001b[31m\n\u202e\u009b'.repeat(512)

let namespace: Namespace
let program: Running
let folder: string
/** A control group of version 2; empty where none can be made. */
let cgroup: string

before(async () => {
  if (!isRoot) return
  namespace = new Namespace('hostile')
  folder = mkdtempSync(join(tmpdir(), 'socktrace-hostile-'))
  cgroup = makeCgroup()
  program = new Running(inside(['python3', 'test/lab/hostile.py', folder, cgroup, ARGUMENT]))
  await program.until('it is ready', ({ stdout }) => stdout.includes('ready'))
})
after(async () => {
  if (!isRoot) return
  await program.stop('SIGKILL')
  namespace.close()
  rmSync(folder, { recursive: true })
  if (cgroup !== '') removeCgroups(Buffer.from(cgroup))
})

/** `ip netns exec` would mount /sys anew, without the control groups. */
function inside(command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${namespace.name}`, ...command]
}

function makeCgroup(): string {
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1]
  if (mount === undefined) return ''
  try {
    return mkdtempSync(`${mount}/socktrace-hostile-`)
  } catch {
    return ''
  }
}

/** A group is removed by rmdir(2), its files with it. */
function removeCgroups(folder: Buffer): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }))
    if (entry.isDirectory()) removeCgroups(Buffer.concat([folder, Buffer.from('/'), entry.name]))
  rmdirSync(folder)
}

function listed(args: readonly string[]): string {
  const [file, ...rest] = inside([builtFile(repository), 'list', ...args])
  const { status, stdout, stderr } = spawnSync(file!, rest)
  assert.equal(status, 0, stderr.toString())
  // Both streams, as they would reach a terminal: invalid UTF-8 throws.
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat([stdout, stderr]))
}

const COLUMNS = socketColumns(NUMERIC)
  .map(({ name }) => name)
  .join(',')

/** Each way in which text of other processes is written. */
const FORMS: readonly (readonly string[])[] = [
  ['-tx'],
  ['-t', '--no-header'],
  ['-txe', '--color', 'never'],
  ['-tx', '--columns', COLUMNS],
  ['-tx', '--format', 'ss'],
  ['-tx', '--tree'],
  ['-tx', '--group-by', 'process'],
  ['-tx', '--group-by', 'remote'],
  ['-tx', '--group-by', 'listener'],
  ['-tx', '--watch', '0.01', '-c', '2'],
]

rootTest('names of other processes never reach a terminal raw', () => {
  for (const args of FORMS) {
    const text = listed(args)
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u, args.join(' '))
    assert.match(text, args.includes('remote') ? /abstract/ : /\\e\[2J/, args.join(' '))
  }
})

rootTest('a newline in a name makes no line', () => {
  const sockets = ndjson<SocketRecord>(listed(['-tx', '--json'])).length
  // A TCP listener, its connection's two ends; two unix listeners, each with two ends.
  assert.equal(sockets, 3 + 2 * 3)
  for (const args of [['-tx'], ['-txe'], ['-tx', '--columns', COLUMNS], ['-tx', '--format', 'ss']])
    assert.equal(
      listed([...args, '-H'])
        .trimEnd()
        .split('\n').length,
      sockets,
      args.join(' '),
    )
})

rootTest('in CSV they stand as they do on a terminal', () => {
  const text = listed(['-tx', '--csv', '--columns', COLUMNS])
  assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\p{Cc}\p{Bidi_Control}]/u)
})

rootTest('in JSON they are whole, in ASCII', () => {
  const text = listed(['-tx', '-e', '--json'])
  assert.match(text, /^[\n -~]*$/)
  const records = ndjson<SocketRecord>(text)
  const paths = records.flatMap(({ local }) => local.path ?? [])
  const nasty = '\u001b[2J\u001b]0;x\u0007\r\n\u202e\u009b31m\ufffd\ufffd'
  assert.equal(paths.filter((path) => path === `${folder}/path${nasty}`).length, 2)
  assert.equal(paths.filter((path) => path.startsWith('@abstract') && path.endsWith(nasty)).length, 2)
  for (const { processes } of records) {
    assert.equal(processes.length, 1)
    const [{ comm, cmdline, cwd }] = processes as [SocketRecord['processes'][number]]
    assert.equal(comm, '\u001b[2J\n\u202e\u009b\ufffd(')
    assert.ok(cmdline!.endsWith(ARGUMENT))
    assert.equal(cwd, `${folder}/${nasty}`)
  }
  if (cgroup === '') return
  const group = nasty.replace('\n', '')
  const tcp = records.filter(({ netid }) => netid === 'tcp')
  assert.ok(
    tcp.every((record) => record.cgroup?.endsWith(`/lxc/${group}`)),
    tcp[0]!.cgroup,
  )
  assert.ok(tcp.every(({ processes }) => processes[0]!.container === group))
})
