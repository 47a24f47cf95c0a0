import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { outputSchema } from '../../src/render/schema.ts'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

interface Verdict {
  type: string
  verdict: string
  error?: string
  final: boolean
  flow?: number
  server: { addr: string; port: number }
  process?: { client?: { pid: number; comm: string; attribution: string } }
  evidence: { plane: string; status: string; detail: string }[]
}

/** Prints the errno of a connect() to each port, as the application gets it. */
const VICTIM = `
const { connect } = require('node:net')
for (const port of process.argv.slice(1))
  connect(Number(port), '127.0.0.1').on('error', ({ code }) => console.log(port, code)).on('connect', () => console.log(port, 'connected'))
`
const REFUSED = 6001
const DROPPED = 6002
const LISTENED = 6003

rootTest(
  'trace --failures --json: a verdict for each connection that failed, and none for one that did not',
  async () => {
    const program = builtFile(repository)
    const namespace = new Namespace('verdicts')
    const inside = (command: string[]) => runCommand(namespace.inside(command))
    inside(['sysctl', '-eqw', 'net.ipv4.tcp_syn_retries=1', 'net.ipv4.tcp_syn_linear_timeouts=0'])
    inside([
      'nft',
      `table inet lab { chain in { type filter hook input priority 0; tcp dport ${DROPPED} drop; }; }`,
    ])
    const server = new Running(
      namespace.inside([process.execPath, 'test/e2e/peer.mjs', 'server', String(LISTENED)]),
    )
    const tracer = new Running(namespace.inside([program, 'trace', '--failures', '--json']))
    try {
      await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
      await tracer.until('it captures', ({ stderr }) => stderr.includes('listening on'))
      const victim = new Running(
        namespace.inside([
          process.execPath,
          '-e',
          VICTIM,
          String(REFUSED),
          String(DROPPED),
          String(LISTENED),
        ]),
      )
      const { pid } = victim
      await victim.until('both attempts failed', ({ stdout }) => stdout.includes('ETIMEDOUT'))
      await tracer.until(
        'both verdicts are final',
        ({ stdout }) => stdout.split('\n').filter((line) => line.includes('"final":true')).length >= 2,
      )
      await victim.stop('SIGKILL')
      await tracer.stop('SIGINT')
      const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
      const lines = ndjson<Verdict>(tracer.stdout)
      for (const line of lines) assert.ok(validate(line), JSON.stringify([line, validate.errors]))
      assert.deepEqual([...new Set(lines.map(({ type }) => type))], ['verdict', 'summary'])
      const verdicts = lines.filter(({ type, final }) => type === 'verdict' && final)
      assert.deepEqual(
        verdicts.map(({ server: { port }, verdict, error }) => [port, verdict, error]),
        [
          [REFUSED, 'refused.no-listener', 'ECONNREFUSED'],
          [DROPPED, 'timeout.dropped-in', 'ETIMEDOUT'],
        ],
      )
      for (const {
        server: { port },
        error,
        process: ends,
        evidence,
      } of verdicts) {
        assert.match(victim.stdout, new RegExp(`^${port} ${error}$`, 'm'), 'what the application got')
        assert.deepEqual([ends?.client?.pid, ends?.client?.attribution], [pid, 'tracepoint'])
        assert.deepEqual(
          evidence.map(({ plane }) => plane),
          ['wire', 'socket', 'process', 'kernel'],
        )
      }
    } finally {
      await tracer.stop('SIGKILL')
      await server.stop('SIGKILL')
      namespace.close()
    }
  },
)
