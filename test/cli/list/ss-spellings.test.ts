import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { InvalidArgumentError } from 'commander'
import { filterWords, ourOptions, parseQuery } from '../../../src/cli/list/ss-spellings.ts'
import { UserError } from '../../../src/user-error.ts'
import { Namespace } from '../../support/namespace.ts'
import { builtFile, Running, repository, runCommand } from '../../support/program.ts'
import { rootTest } from '../../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-spellings-'))
after(() => rmSync(folder, { recursive: true }))

for (const [text, tables] of [
  ['tcp', ['tcp']],
  ['tcp,udp', ['tcp', 'udp']],
  ['inet', ['tcp', 'udp', 'raw', 'sctp']],
  ['inet,!tcp,unix', ['udp', 'raw', 'sctp', 'unix']],
] as const)
  test(`-A ${text}`, () => assert.deepEqual(parseQuery(text), tables))

test('-A given again goes on from there; no tables, and names that are none, are refused', () => {
  assert.deepEqual(parseQuery('!udp', parseQuery('tcp,udp')), ['tcp'])
  for (const text of ['', 'u_str', 'tcp,', '!tcp', 'tcp,!tcp'])
    assert.throws(() => parseQuery(text), InvalidArgumentError, text)
})

test('what ss names otherwise has the name that it has here', () => {
  const common = { header: true, color: 'auto' } as const
  assert.deepEqual(ourOptions({ ...common, query: ['tcp', 'unix'], net: 'blue' }), {
    ...common,
    tcp: true,
    unix: true,
    netns: 'blue',
  })
})

test('-F: the lines of a file come before the words', () => {
  const file = join(folder, 'filter')
  writeFileSync(file, 'state listening\n\n  sport = :80  \n')
  assert.deepEqual(filterWords(['or', 'sport = :443'], file), [
    'state listening',
    'sport = :80',
    'or',
    'sport = :443',
  ])
  assert.deepEqual(filterWords(['a'], undefined), ['a'])
  assert.throws(() => filterWords([], join(folder, 'none')), UserError)
})

const SERVER = `
import socket, time
tcp = socket.create_server(('127.0.0.1', 8080))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 8081))
print('ready', flush=True)
time.sleep(60)
`

rootTest('-A, -N, -F and --processes: what ss shows with them', async () => {
  const there = new Namespace('spellings')
  const server = new Running(there.inside(['python3', '-c', SERVER]))
  try {
    await server.until('the server', ({ stdout }) => stdout.includes('ready'))
    const file = join(folder, 'ports')
    writeFileSync(file, 'sport = :8080\nor sport = :8081\n')
    const ends = (command: readonly string[]): string[] => {
      const { status, stdout, stderr } = runCommand(command)
      assert.equal(status, 0, stderr)
      return stdout.match(/127\.0\.0\.1:\d+/g) ?? []
    }
    const ours = [builtFile(repository), 'list', '-q', '-H', '-a']
    for (const [args, count] of [
      [['-A', 'inet', '-N', there.name], 2],
      [['-A', 'udp', '-N', there.name], 1],
      [['-A', 'inet,!udp', '-N', there.name, '-F', file], 1],
      [['-A', 'inet', '-N', there.name, '-F', file, '--processes'], 2],
    ] as const) {
      const theirs = ends(['ss', '-anH', ...args])
      assert.deepEqual(ends([...ours, ...args]).sort(), theirs.sort(), args.join(' '))
      assert.equal(theirs.length, count, args.join(' '))
    }
  } finally {
    await server.stop('SIGKILL')
    there.close()
  }
})
