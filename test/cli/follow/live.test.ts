import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, connect as tcpConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enterOwnNetwork } from '../../support/own-network.ts'
import { builtFile, ndjson, Running, repository } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

if (isRoot) enterOwnNetwork()

const MIB = 2 ** 20

/** The same bytes in every run: a linear congruential generator modulo 2^32 (Numerical Recipes). */
function noise(length: number): Buffer {
  const words = new Uint32Array(length / 4)
  let state = 1
  for (let i = 0; i < words.length; i++)
    words[i] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Buffer.from(words.buffer)
}

/** One connection over loopback: the client sends `request`, the server answers `response` once it has it all. */
async function exchange(port: number, request: Buffer, response: Buffer): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    socket.resume().on('end', () => socket.end(response)),
  )
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const client = tcpConnect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.resume().end(request)
  await once(client, 'close')
  server.close()
  await once(server, 'close')
}

/** Traces while `act` runs, until `isThere` holds for what was printed; then ends the trace. */
async function traced(
  args: readonly string[],
  act: () => Promise<void>,
  done: (trace: Running) => boolean,
): Promise<Running> {
  const trace = new Running([builtFile(repository), 'trace', '-i', 'lo', ...args])
  await trace.until('it captures', ({ stderr }) => stderr.includes('listening on'))
  await act()
  await trace.until('the connection was seen', done)
  assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
  return trace
}

interface StreamLine {
  type: string
  side: 'client' | 'server'
  offset: number
  length: number
  data?: string
  file?: { name: string | null; gaps: object[] }
}

rootTest('--follow --raw of a live connection is what the client sent, byte for byte', async () => {
  const request = Buffer.from(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''))
  const args = ['--follow', '0:client', '--raw', 'tcp port 7101']
  const trace = await traced(
    args,
    () => exchange(7101, request, Buffer.from('not to be seen')),
    ({ stdout }) => stdout.length >= request.length,
  )
  assert.equal(trace.stdout, request.toString())
})

rootTest('--follow --json of a live connection has both directions, with any bytes', async () => {
  const [request, response] = [noise(MIB), noise(3 * MIB)]
  const bytes = (trace: Running, side: string): Buffer =>
    Buffer.concat(
      ndjson<StreamLine>(trace.stdout.slice(0, trace.stdout.lastIndexOf('\n') + 1))
        .filter((line) => line.side === side && line.data !== undefined)
        .map(({ data }) => Buffer.from(data!, 'base64')),
    )
  const trace = await traced(
    ['-B', '64', '--follow', '0', '--json', 'tcp port 7102'],
    () => exchange(7102, request, response),
    (running) => running.stdout.length > 5.3 * MIB && bytes(running, 'server').length === response.length,
  )
  assert.ok(bytes(trace, 'client').equals(request))
  assert.ok(bytes(trace, 'server').equals(response))
})

rootTest(
  "--extract of a 50 MB transfer equals it by hash; files and folder are their owner's alone",
  async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'socktrace-extract-')), 'streams')
    const response = noise(50_000_000)
    try {
      const trace = await traced(
        ['-B', '256', '--json', '--extract', folder, 'tcp port 7103'],
        () => exchange(7103, Buffer.from('send it'), response),
        ({ stdout }) => stdout.includes('"side":"server"'),
      )
      const lines = ndjson<StreamLine>(trace.stdout)
      assert.deepEqual(
        lines.map(({ type, side, length }) => [type, side, length]),
        [
          ['stream', 'client', 7],
          ['stream', 'server', response.length],
          ['summary', undefined, undefined],
        ],
      )
      assert.deepEqual(
        lines.slice(0, 2).map(({ file }) => file!.gaps),
        [[], []],
      )
      const names = readdirSync(folder).sort()
      assert.deepEqual(names, [lines[0]!.file!.name, lines[1]!.file!.name])
      assert.match(names[0]!, /^000000-\d{8}T\d{6}\.\d{6}-127\.0\.0\.1\.\d+-127\.0\.0\.1\.7103-client\.bin$/)
      assert.equal(readFileSync(join(folder, names[0]!), 'utf8'), 'send it')
      const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
      assert.equal(hash(readFileSync(join(folder, names[1]!))), hash(response))
      assert.equal(statSync(folder).mode & 0o777, 0o700)
      for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
    } finally {
      rmSync(join(folder, '..'), { recursive: true })
    }
  },
)
