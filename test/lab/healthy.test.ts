import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { builtFile, ndjson, Running, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'
import { PYTHON } from './verdicts/stage.ts'
import { Lab, type Place, shell } from './verdicts/topology.ts'

/** 10 000 connections of six kinds. */
const PLAN = {
  keepalive: 2000,
  short: 3000,
  bulk: 500,
  idle: 500,
  half: 2000,
  fallback: 2000,
} as const

/** One segment in fifty towards the bulk server, and as many of its answers, are lost; no SYN is. */
const LOSS = `table inet lab {
  chain input {
    type filter hook input priority 0
    tcp dport 8003 tcp flags & syn != syn numgen random mod 100 < 2 drop
  }
  chain output {
    type filter hook output priority 0
    tcp sport 8003 tcp flags & syn != syn numgen random mod 100 < 2 drop
  }
}`

for (const vantage of ['client', 'server'] as const)
  rootTest(`10 000 healthy connections give no verdict, seen at the ${vantage}`, async () => {
    const lab = await Lab.open('pair', 201)
    const programs: Running[] = []
    const start = (place: Place, command: readonly string[]): Running => {
      const running = new Running(lab.inside(place, command))
      programs.push(running)
      return running
    }
    try {
      await shell(`ip netns exec ${lab.namespace('server')} nft '${LOSS}'`)
      const server = start('server', [PYTHON, 'test/lab/healthy.py', 'serve', lab.address('server', 4)])
      await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
      const trace = start(vantage, [
        builtFile(repository),
        'trace',
        '--failures',
        '--json',
        '-i',
        'eth0',
        '-B',
        '128',
        'tcp',
      ])
      await trace.until('it watches', ({ stderr }) => stderr.includes('listening on'))
      const plan = Object.entries(PLAN).map(([kind, count]) => `${kind}=${count}`)
      // Nobody listens on the server's IPv6 address.
      const addresses = [lab.address('server', 4), lab.address('server', 6)]
      const client = start('client', [PYTHON, 'test/lab/healthy.py', 'dial', ...addresses, ...plan])
      await client.until('all are done', ({ stdout }) => stdout.includes('done'))
      // A refused first address waits two seconds for another one to be reached.
      await delay(2500)
      assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
      const printed = ndjson<{ type: string; packets?: number; flows?: number }>(trace.stdout)
      const failures = printed.filter(({ type }) => type !== 'summary')
      assert.deepEqual(failures.slice(0, 5), [], `${failures.length} of them`)
      const summary = printed.find(({ type }) => type === 'summary')
      assert.equal(summary?.flows, 10_000 + PLAN.fallback, 'every connection was seen')
    } finally {
      for (const program of programs) await program.stop('SIGKILL')
      await lab.close()
    }
  })
