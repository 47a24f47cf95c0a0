import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseFollow } from '../../../src/cli/follow/option.ts'
import { builtFile, ndjson, type Ran, repository, runCommand } from '../../support/program.ts'
import { type CapturedSegment, writeTcpCapture } from '../../support/tcp-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-follow-'))
after(() => rmSync(folder, { recursive: true }))

const open = (client: number, server: number): CapturedSegment[] => [
  ['client', 'S', client - 1, 0],
  ['server', 'S.', server - 1, client],
  ['client', '.', client, server],
]

const HELLO: readonly CapturedSegment[] = [
  ...open(100, 500),
  ['client', 'P.', 100, 500, 'GET / HTTP/1.1\r\n\r\n'],
  ['server', '.', 517, 118, 'body\tof \x1b[31mit\x9b\n'],
  ['server', 'P.', 500, 118, 'HTTP/1.1 200 OK\r\n'],
  ['client', 'F.', 118, 534],
  ['server', 'F.', 534, 119],
  ['client', '.', 119, 535],
]

/** Three bytes of the server are not there, the client acknowledges what is behind them. */
const HOLED: readonly CapturedSegment[] = [
  ...open(1, 1),
  ['client', 'P.', 1, 1, 'ask'],
  ['server', 'P.', 1, 4, 'one'],
  ['server', 'P.', 7, 4, 'three'],
  ['client', '.', 4, 12],
]

const file = join(folder, 'two.pcapng')
writeTcpCapture(file, [HELLO, HOLED])
const program = builtFile(repository)
const read = (...args: readonly string[]): Ran =>
  runCommand([program, 'read', '--time-format', 'epoch', ...args])

test('--follow: both directions as text, control characters as dots', () => {
  const { status, stdout, stderr } = read('--follow', '0', file)
  assert.equal(status, 0, stderr)
  assert.equal(
    stdout,
    [
      '── client 10.0.0.1:40000 → 10.0.0.2:80  1700000000.003000  byte 0',
      'GET / HTTP/1.1',
      '',
      '── server 10.0.0.2:80 → 10.0.0.1:40000  1700000000.005000  byte 0',
      'HTTP/1.1 200 OK',
      'body.of .[31mit.',
      '',
    ].join('\n'),
  )
})

test('--follow: a gap is told where it is', () => {
  const { stdout } = read('--follow', '1', file)
  assert.equal(
    stdout,
    [
      '── client 10.0.0.1:40001 → 10.0.0.2:80  1700000000.012000  byte 0',
      'ask',
      '── server 10.0.0.2:80 → 10.0.0.1:40001  1700000000.013000  byte 0',
      'one',
      '── 3 bytes at byte 3: acknowledged by the receiver, not in the capture',
      'three',
      '',
    ].join('\n'),
  )
})

test('--follow with colour: the same text, each side in its own', () => {
  const plain = read('--follow', '0', file).stdout
  const { stdout } = read('--follow', '0', '--color', 'always', file)
  assert.match(stdout, /\u001b\[36mGET \/ HTTP\/1\.1\u001b\[39m/)
  assert.match(stdout, /\u001b\[32mHTTP\/1\.1 200 OK\u001b\[39m/)
  assert.equal(stdout.replace(/\u001b\[\d+m/g, ''), plain)
})

test('--follow --hex: rows with the offset in the stream', () => {
  const { stdout } = read('--follow', '0:server', '--hex', file)
  assert.equal(
    stdout,
    [
      '── server 10.0.0.2:80 → 10.0.0.1:40000  1700000000.005000  byte 0',
      '00000000  48 54 54 50 2f 31 2e 31  20 32 30 30 20 4f 4b 0d  HTTP/1.1 200 OK.',
      '00000010  0a                                                .',
      '00000011  62 6f 64 79 09 6f 66 20  1b 5b 33 31 6d 69 74 9b  body.of .[31mit.',
      '00000021  0a                                                .',
      '',
    ].join('\n'),
  )
})

test('--follow --raw: bytes and nothing else', () => {
  const { stdout } = read('--follow', '0:client', '--raw', file)
  assert.equal(stdout, 'GET / HTTP/1.1\r\n\r\n')
  const gap = read('--follow', '1:server', '--raw', file)
  assert.equal(gap.stdout, 'onethree')
  assert.match(gap.stderr, /server: 3 bytes at byte 3: acknowledged by the receiver, not in the capture/)
})

interface Line {
  type: string
  side?: string
  offset?: number
  length?: number
  data?: string
  gap?: string
  file?: { name: string; gaps: object[] }
}

test('--follow --json: objects of type stream, then the summary', () => {
  const lines = ndjson<Line>(read('--follow', '1', '--json', file).stdout)
  assert.deepEqual(
    lines.map(({ type, side, offset, length, data, gap }) => [
      type,
      side,
      offset,
      length,
      data && atob(data),
      gap,
    ]),
    [
      ['stream', 'client', 0, 3, 'ask', undefined],
      ['stream', 'server', 0, 3, 'one', undefined],
      ['stream', 'server', 3, 3, undefined, 'acked'],
      ['stream', 'server', 6, 5, 'three', undefined],
      ['summary', undefined, undefined, undefined, undefined, undefined],
    ],
  )
})

test('--extract: a file for each side, in order of time; what is missing is left out and told', () => {
  const target = join(folder, 'streams')
  const { status, stdout, stderr } = read('--extract', target, file)
  assert.equal(status, 0, stderr)
  assert.equal(stdout, '')
  const files = readdirSync(target).sort()
  assert.deepEqual(files, [
    '000000-20231114T221320.000000-10.0.0.1.40000-10.0.0.2.80-client.bin',
    '000000-20231114T221320.000000-10.0.0.1.40000-10.0.0.2.80-server.bin',
    '000001-20231114T221320.009000-10.0.0.1.40001-10.0.0.2.80-client.bin',
    '000001-20231114T221320.009000-10.0.0.1.40001-10.0.0.2.80-server.bin',
  ])
  assert.deepEqual(
    files.map((name) => readFileSync(join(target, name), 'latin1')),
    ['GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\nbody\tof \x1b[31mit\x9b\n', 'ask', 'onethree'],
  )
  assert.match(
    stderr,
    /^000001.*-server\.bin: 3 bytes left out: 3 at byte 3 \(acknowledged by the receiver, not in the capture\)$/m,
  )
  const again = read('--extract', target, file)
  assert.equal(again.status, 2)
  assert.match(again.stderr, /client\.bin" is there already; name an empty folder/)
})

test('--extract --json: what each file is and lacks; a capture with short packets', () => {
  const short = join(folder, 'short.pcapng')
  writeTcpCapture(short, [HELLO], { snaplen: 48 })
  const target = join(folder, 'short')
  const lines = ndjson<Line>(read('--extract', target, '--json', short).stdout)
  assert.deepEqual(
    lines.slice(0, 2).map(({ side, length, file }) => [side, length, file!.gaps]),
    [
      ['client', 8, [{ offset: 8, length: 10, reason: 'truncated' }]],
      [
        'server',
        16,
        [
          { offset: 8, length: 9, reason: 'truncated' },
          { offset: 25, length: 9, reason: 'truncated' },
        ],
      ],
    ],
  )
  assert.equal(readFileSync(join(target, lines[1]!.file!.name), 'latin1'), 'HTTP/1.1body\tof ')
})

test('--overlap names whose copy counts', () => {
  const conflict = join(folder, 'conflict.pcapng')
  const segments: CapturedSegment[] = [
    ...open(1, 1),
    ['client', 'P.', 3, 1, 'old'],
    ['client', 'P.', 3, 1, 'new'],
    ['client', 'P.', 1, 1, '> '],
  ]
  writeTcpCapture(conflict, [segments])
  const raw = (...args: string[]): string => read('--follow', '0', '--raw', ...args, conflict).stdout
  assert.deepEqual(
    [raw(), raw('--overlap', 'last'), raw('--overlap', 'solaris')],
    ['> old', '> new', '> new'],
  )
  assert.match(
    read('--follow', '0', conflict).stdout,
    /^── 3 bytes at byte 2: sent more than once, not the same each time$/m,
  )
})

test('events come with the bytes only when asked for', () => {
  assert.doesNotMatch(read('--follow', '0', file).stdout, /handshake/)
  assert.match(read('--follow', '0', '--events', file).stdout, /handshake 1\/3[\s\S]*── client[\s\S]*close/)
})

const MISTAKES: readonly (readonly [line: readonly string[], message: RegExp])[] = [
  [['--follow', '7', file], /No TCP connection has the id 7; 2 flows came, ids count from 0/],
  [['--follow', 'x', file], /it takes the id of a flow, with :client or :server for one side/],
  [['--hex', file], /--hex is about followed bytes; say which flow with --follow/],
  [['--overlap', 'last', file], /--overlap is about reassembled bytes; use it with --follow or --extract/],
  [['--follow', '0', '--overlap', 'vista', file], /it takes first, last, bsd/],
  [['--follow', '0', '--raw', '--json', file], /--raw cannot be used with --json/],
  [['--follow', '0', '--ascii', '--hex', file], /--(ascii|hex) cannot be used with --(ascii|hex)/],
]

for (const [line, message] of MISTAKES)
  test(`refused: ${line.slice(0, -1).join(' ')}`, () => {
    const { status, stderr } = read(...line)
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  })

test('--extract into something that is no folder', () => {
  const path = join(folder, 'file')
  writeFileSync(path, '')
  const { status, stderr } = read('--extract', path, file)
  assert.equal(status, 4)
  assert.match(stderr, /Cannot write ".*file": it is a file/)
})

test('which flow and side: 12, 12:client, 12:server', () => {
  assert.deepEqual(parseFollow('12'), { flow: 12 })
  assert.deepEqual(parseFollow('0:server'), { flow: 0, side: 'server' })
  for (const text of ['', '-1', '1:both', '1.5', '99999999999999999999'])
    assert.throws(() => parseFollow(text))
})
