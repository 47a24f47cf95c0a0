import assert from 'node:assert/strict'
import { builtFile, ndjson, Running, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'
import { PYTHON } from './verdicts/stage.ts'
import { Lab } from './verdicts/topology.ts'

const COUNT = 1000
const PORT = 7790
const SERVE = `import socket
s = socket.create_server(('127.0.0.1', ${PORT}), backlog=1024)
print('ready', flush=True)
while True: s.accept()[0].close()`

interface Flow {
  readonly type: string
  readonly server: { readonly port: number }
  readonly process?: { readonly client?: { readonly pid: number; readonly comm: string } }
  readonly verdict?: unknown
}

rootTest(`${COUNT} processes of a moment are named, whether they were refused or not`, async () => {
  const lab = await Lab.open('local', 202)
  const programs: Running[] = []
  const start = (command: readonly string[]): Running => {
    const running = new Running(lab.inside('client', command))
    programs.push(running)
    return running
  }
  try {
    const server = start([PYTHON, '-c', SERVE])
    await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
    const trace = start([builtFile(repository), 'trace', '--flows', '--json', '-i', 'lo'])
    await trace.until('it watches', ({ stderr }) => stderr.includes('listening on'))
    const client = start(['perl', 'test/lab/short-lived.pl', '127.0.0.1', `${PORT}`, `${COUNT}`])
    // A busy machine takes longer for a thousand processes than it does for one command.
    await client.until('all have lived', ({ stdout }) => stdout.split('\n').length > COUNT)
    assert.equal(await client.ended(), 0, client.stderr)
    const made = client.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    assert.equal(made.length, COUNT)
    await trace.until('every flow has ended', ({ stdout }) => stdout.split('\n').length > COUNT)
    assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)

    const flows = ndjson<Flow>(trace.stdout).filter(({ type }) => type === 'flow')
    assert.equal(flows.length, COUNT)
    const named = new Map(
      flows.map(({ server, process }) => {
        const { pid, comm } = process?.client ?? {}
        return [`${pid} ${comm} ${server.port}`, true]
      }),
    )
    const missing = made.filter(([pid, comm, port]) => !named.has(`${pid} ${comm} ${port}`))
    assert.deepEqual(missing, [])
    const refused = flows.filter(({ server }) => server.port !== PORT)
    assert.equal(refused.filter(({ verdict }) => verdict !== undefined).length, COUNT / 2)
  } finally {
    for (const program of programs) await program.stop('SIGKILL')
    await lab.close()
  }
})
