import assert from 'node:assert/strict'
import type { MismatchEvent } from '../../src/flow/event.ts'
import { tellsFailedRetransmissions } from '../support/linux.ts'
import { builtFile, ndjson, repository } from '../support/program.ts'
import { rootTest } from '../support/root.ts'
import { LATE_THIRD_ACK } from './verdicts/reset.ts'
import { filter, type Scenario, type Vantage } from './verdicts/scenario.ts'
import { Stage, waitFor } from './verdicts/stage.ts'

type Play = Pick<Scenario, 'name' | 'topology' | 'setup' | 'server' | 'client'>

interface Expected {
  readonly play: Play
  readonly at: Vantage
  readonly wire: MismatchEvent['wire_state']
  readonly kernel: MismatchEvent['kernel_state']
  readonly text: RegExp
  /** No packet of it is seen. */
  readonly hasFlow?: false
}

/** Seconds within which the kernel's word and the packets are set against each other. */
const PATIENCE = 10

const CASES: readonly Expected[] = [
  {
    play: {
      name: "the client's own filter eats the reset",
      topology: 'pair',
      setup: { client: [filter('input', 'tcp flags & rst == rst drop')] },
      server: ['listen $ANY $P', 'accept', 'linger0', 'close'],
      client: ['connect $A $P', 'sleep 1'],
    },
    at: 'client',
    wire: { client: 'CLOSED', server: 'CLOSED' },
    kernel: { client: 'ESTABLISHED', server: 'CLOSE' },
    text: /^the client took no notice of the RST: its socket is still ESTABLISHED$/,
  },
  {
    play: {
      name: "the client's own filter eats the SYN",
      topology: 'pair',
      setup: { client: [filter('output', 'tcp dport $P drop')] },
      server: ['listen $ANY $P'],
      client: ['connect $A $P'],
    },
    at: 'client',
    wire: { client: 'CLOSED', server: 'CLOSED' },
    kernel: { client: 'SYN_SENT' },
    text: /^the client's socket is SYN_SENT, but no SYN of it is on the wire: this host dropped it \(NETFILTER_DROP\)$/,
    hasFlow: false,
  },
  {
    play: {
      name: "the server's own filter eats the reset of a socket that was destroyed",
      topology: 'pair',
      setup: { server: [filter('output', 'tcp flags & rst == rst drop')] },
      server: ['listen $ANY $P', 'accept'],
      client: [
        'connect $A $P',
        'sh ip netns exec $SNS ss -K state established sport = :$P >/dev/null',
        'sleep 1',
      ],
    },
    at: 'server',
    wire: { client: 'ESTABLISHED', server: 'ESTABLISHED' },
    kernel: { client: 'ESTABLISHED', server: 'CLOSE' },
    text: /^the server's socket is gone without FIN or RST: the client still thinks that it is connected$/,
  },
  {
    play: {
      name: 'the cookie comes back and finds the accept queue full',
      topology: 'router',
      setup: { server: ['echo 2 >/proc/sys/net/ipv4/tcp_syncookies'] },
      server: ['listen $ANY $P backlog=0'],
      client: [...LATE_THIRD_ACK, 'send 10'],
    },
    at: 'server',
    wire: { client: 'ESTABLISHED', server: 'ESTABLISHED' },
    kernel: { client: 'ESTABLISHED' },
    text: /^the client thinks that it is connected, but the server has no socket for it$/,
  },
]

for (const [index, { play, at, wire, kernel, text, hasFlow }] of CASES.entries())
  rootTest(`a mismatch of wire and kernel: ${play.name}`, async () => {
    const scenario: Scenario = { ...play, family: 4, errno: null, seen: {} }
    const stage = await Stage.open(scenario, 203 + index)
    try {
      const trace = stage.start(at, [builtFile(repository), 'trace', '--events', '--json'])
      await trace.until('it watches', ({ stderr }) => stderr.includes('listening'))
      await stage.play()
      await waitFor(trace, PATIENCE, ({ stdout }) => stdout.includes('"mismatch"'))
      assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
      const found = ndjson<MismatchEvent>(trace.stdout).filter(({ event }) => event === 'mismatch')
      // Which connection an unsent SYN belongs to is known once it is sent again.
      if (hasFlow === false && !tellsFailedRetransmissions()) return assert.deepEqual(found, [])
      assert.equal(found.length, 1, JSON.stringify(found))
      const [{ wire_state, kernel_state, text: said, flow, src, dst }] = found as [MismatchEvent]
      assert.deepEqual([wire_state, kernel_state], [wire, kernel])
      assert.match(said, text)
      assert.equal(flow === undefined, hasFlow === false)
      assert.ok([src.port, dst.port].includes(stage.port))
    } finally {
      await stage.close()
    }
  })
