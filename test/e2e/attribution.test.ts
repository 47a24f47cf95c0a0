import assert from 'node:assert/strict'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

const PORT = 7790
const EACH = 67

/**
 * Each of the three clients makes `EACH` connections, one process each but for the last, and prints
 * `PID COMM LOCAL-PORT` for every one of them.
 */
const CLIENTS: readonly (readonly string[])[] = [
  [
    'bash',
    '-c',
    `for ((i = 0; i < ${EACH}; i++)); do
       bash -c 'echo -n "$$ curl "; exec curl -s -o /dev/null -w "%{local_port}\\n" http://127.0.0.1:${PORT}/'
     done`,
  ],
  [
    'perl',
    '-MIO::Socket::INET',
    '-e',
    `for (1..${EACH}) { next if fork; my $s = IO::Socket::INET->new("127.0.0.1:${PORT}"); print "$$ perl ", $s->sockport, "\\n"; exit }
     1 while wait != -1`,
  ],
  [
    process.execPath,
    '-e',
    `const comm = require('fs').readFileSync('/proc/self/comm', 'utf8').trim()
     const next = (left) => {
       if (left === 0) return
       const socket = require('net').connect(${PORT}, '127.0.0.1', () => {
         console.log(process.pid, comm, socket.localPort)
         socket.end('GET / HTTP/1.0\\r\\n\\r\\n')
       })
       socket.resume().on('close', () => next(left - 1))
     }
     next(${EACH})`,
  ],
]

const SERVER = `require('http').createServer((request, response) => response.end('hello'))
  .listen(${PORT}, '127.0.0.1', 511, () => console.log('ready'))`

interface Flow {
  readonly type: string
  readonly client: { readonly port: number }
  readonly process?: {
    readonly client?: { readonly pid: number; readonly comm: string; readonly attribution: string }
    readonly server?: { readonly pid: number; readonly comm: string }
  }
}

rootTest(`${3 * EACH} short connections of three programs: both ends are named, each rightly`, async () => {
  const namespace = new Namespace('named')
  const started: Running[] = []
  const start = (command: readonly string[]): Running => {
    const running = new Running(namespace.inside(command))
    started.push(running)
    return running
  }
  try {
    const server = start([process.execPath, '-e', SERVER])
    await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
    const trace = start([
      builtFile(repository),
      'trace',
      '-i',
      'lo',
      '-B',
      '128',
      '--json',
      '--flows',
      'port',
      `${PORT}`,
    ])
    await trace.until('it captures', ({ stderr }) => stderr.includes('listening on'))
    const clients = CLIENTS.map(start)
    for (const client of clients) assert.equal(await client.ended(), 0, client.stderr)
    await trace.until('every flow has ended', ({ stdout }) => stdout.split('\n').length > 3 * EACH)
    assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)

    const ends = ndjson<Flow>(trace.stdout)
      .filter(({ type }) => type === 'flow')
      .map(({ client, process: { client: caller, server: holder } = {} }) =>
        [caller?.pid, caller?.comm, client.port, caller?.attribution, holder?.pid].join(' '),
      )
    const made = clients.flatMap(({ stdout }) => stdout.trim().split('\n'))
    assert.equal(made.length, 3 * EACH)
    // A port may be used again: as a whole each connection is there once.
    assert.deepEqual(ends.sort(), made.map((line) => `${line} tracepoint ${server.pid}`).sort())
  } finally {
    for (const running of started) await running.stop('SIGKILL')
    namespace.close()
  }
})
