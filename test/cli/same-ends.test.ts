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
    let victim: Running | undefined
    try {
      await trace.until('it listens', ({ stderr }) => stderr.includes('listening'))
      victim = new Running(here.inside(['python3', resolve('test/cli/same-ends.py'), elsewhere.name]))
      await victim.until('all failed', ({ stdout }) => stdout.includes('done'))
      assert.deepEqual(victim.stdout.split('\n').slice(0, 7), [
        '104',
        '111',
        '101',
        '101',
        '101',
        '101',
        '111',
      ])
      const verdicts = ({ stdout }: Running): Printed[] =>
        ndjson<Printed>(stdout.slice(0, stdout.lastIndexOf('\n') + 1)).filter(
          ({ type }) => type === 'verdict',
        )
      await trace.until('all is told', (running) => verdicts(running).length >= 6)
      await victim.stop('SIGTERM')
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
      for (const running of [trace, victim]) running?.child.kill('SIGKILL')
      here.close()
      elsewhere.close()
    }
  },
)
