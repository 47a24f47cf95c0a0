import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

interface Printed {
  readonly type: string
  readonly verdict?: string
  readonly client: { readonly addr: string; readonly port: number }
  readonly process?: { readonly client?: { readonly pid: number } }
}

rootTest(
  'connections of the same ends, here and elsewhere, at once and in turn, are told apart',
  async () => {
    const here = new Namespace('skf-here')
    const elsewhere = new Namespace('skf-there')
    const trace = new Running(here.inside([builtFile(repository), 'trace', '--failures', '--json']))
    try {
      await trace.until('it listens', ({ stderr }) => stderr.includes('listening'))
      const victim = new Running(here.inside(['python3', resolve('test/cli/same-ends.py'), elsewhere.name]))
      assert.equal(await victim.ended(), 0, victim.stderr)
      assert.deepEqual(victim.stdout.trim().split('\n'), ['104', '111', '101', '101', '101', '101', '111'])
      const verdicts = ({ stdout }: Running): Printed[] =>
        ndjson<Printed>(stdout.slice(0, stdout.lastIndexOf('\n') + 1)).filter(
          ({ type }) => type === 'verdict',
        )
      await trace.until('all is told', (running) => verdicts(running).length >= 6)
      await trace.stop('SIGINT')
      const told = verdicts(trace).map(({ verdict, client }) => `${verdict} ${client.addr}:${client.port}`)
      assert.deepEqual(told.sort(), [
        'refused.no-listener 127.0.0.1:41000',
        'refused.wrong-netns 127.0.0.1:45000',
        ...Array<string>(4).fill('unreachable.no-route 0.0.0.0:0'),
      ])
      const callers = verdicts(trace).filter(({ client }) => client.port === 0)
      assert.equal(new Set(callers.map(({ process }) => process?.client?.pid)).size, 4)
    } finally {
      trace.child.kill('SIGKILL')
      here.close()
      elsewhere.close()
    }
  },
)
