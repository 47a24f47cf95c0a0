import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planeFindings } from '../../src/diagnose/plane-findings.ts'
import type { Planes } from '../../src/diagnose/planes.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { docketed } from '../support/docketed.ts'

const client = { addr: '10.0.0.1', port: 40000 }
const server = { addr: '10.0.0.2', port: 80 }
const NETNS = 4026531840
const LIVE: Partial<Planes> = { netns: NETNS, seesAll: true, kernel: { watched: true } }
const REFUSED = `
1.000 C > S [S] seq=100 win=64240
1.002 S > C [R.] seq=0 ack=101 win=0
`
const at = (seconds: number) => (seconds * 1e9) as Nanos

/** What is said of the kernel plane in the latest verdict. */
function kernelOf({ asked }: ReturnType<typeof docketed>): readonly [string, string] {
  const { status, detail } = planeFindings(asked.at(-1)!).find(({ plane }) => plane === 'kernel')!
  return [status, detail]
}

test('where its records were lost and it told nothing else, the kernel was not watched', () => {
  const d = docketed(LIVE)
  d.play(REFUSED)
  d.docket.factsLost()
  d.advance(1.4)
  assert.deepEqual(kernelOf(d), ['not_watched', 'its records were lost'])
  assert.equal(d.asked.at(-1)?.kernel.watched, false)
})

test('what the kernel told after the loss is seen, and what it counts all the time too', () => {
  const told = docketed(LIVE)
  told.play(REFUSED)
  told.docket.factsLost()
  const common = { at: 0, netns: NETNS, proto: 'tcp', local: client, remote: server } as const
  told.docket.fact({ ...common, fact: 'error', error: 'ECONNREFUSED' } as KernelFact, at(1.003))
  told.advance(1.4)
  assert.deepEqual(kernelOf(told), ['seen', 'client got ECONNREFUSED'])
  let overflows = 0
  const counted = docketed({
    ...LIVE,
    netnsOf: () => NETNS,
    counters: () => ({ ListenOverflows: overflows }),
  })
  counted.play(REFUSED)
  overflows = 2
  counted.docket.factsLost()
  counted.advance(1.4)
  assert.match(kernelOf(counted)[1], /ListenOverflows \+2/)
})

test('the socket of an end that lives stays, also where both ends have the same port', () => {
  const [a, b] = [
    { addr: '10.0.0.1', port: 5000 },
    { addr: '10.0.0.2', port: 5000 },
  ]
  const socket = (state: SocketRecord['state'], local: typeof a): SocketRecord =>
    ({ state, local }) as SocketRecord
  for (const [client, server] of [
    [a, b],
    [b, a],
  ] as const) {
    const d = docketed({
      ...LIVE,
      socket: () => ({
        watched: true,
        client: socket('SYN_SENT', client),
        server: socket('ESTABLISHED', server),
        listeners: [],
        everyNetns: true,
        sysctls: {},
        firewall: [],
      }),
    })
    const common = { at: 0, netns: NETNS, proto: 'tcp', local: client, remote: server } as const
    for (const fact of [
      { ...common, fact: 'state', socket: 1, from: 'CLOSE', to: 'SYN_SENT', pid: 7, comm: 'x' },
      { ...common, fact: 'state', socket: 1, from: 'SYN_SENT', to: 'ESTABLISHED' },
      {
        ...common,
        local: server,
        remote: client,
        fact: 'state',
        socket: 2,
        from: 'SYN_RECV',
        to: 'ESTABLISHED',
      },
      { ...common, fact: 'state', socket: 1, from: 'ESTABLISHED', to: 'CLOSE' },
      { ...common, fact: 'error', error: 'ETIMEDOUT' },
    ] as const)
      d.docket.fact(fact as KernelFact, at(1))
    d.docket.look(at(5))
    const found = d.asked.at(-1)!.socket
    // A new socket has the client's old ends.
    assert.deepEqual(found.watched && [found.client?.state, found.server?.state], [undefined, 'ESTABLISHED'])
  }
})

test('what is not watched of the kernel is named beside its silence', () => {
  const d = docketed({ ...LIVE, kernel: { watched: true, unwatched: ['call', 'state'] } })
  d.play(REFUSED)
  d.advance(1.4)
  assert.deepEqual(kernelOf(d), [
    'not_seen',
    'no drop, reset, error, retransmission of this connection; not watched here: failed calls, changes of state',
  ])
})

test('a server whose connection is gone is who listens in the namespace that the kernel told', () => {
  const owner = (pid: number) => ({ pid, comm: 'nginx', attribution: 'socket' }) as const
  const named = (pids: readonly number[], more: object = {}, told = true) => {
    const d = docketed({
      ...LIVE,
      process: () => ({ watched: true }),
      has: (netns, addr) => netns === 7 && addr === server.addr,
      socket: () => ({
        watched: true,
        listeners: pids.map((pid) => ({
          socket: { local: server } as SocketRecord,
          netns: 7,
          process: owner(pid),
          sameNetns: true,
          accepts: true,
          ...more,
        })),
        everyNetns: true,
        sysctls: {},
        firewall: [],
      }),
    })
    d.play(`
1.000 C > S [S] seq=100 win=64240
1.010 S > C [S.] seq=900 ack=101 win=65160
1.020 C > S [.] seq=101 ack=901 win=502
`)
    const common = { at: 0, netns: 7, proto: 'tcp', local: server, remote: client } as const
    const aborted = { fact: 'reset_sent', reason: 'TCP_STATE', state: 'ESTABLISHED', active: true } as const
    if (told) d.docket.fact({ ...common, ...aborted } as KernelFact, at(1.03))
    d.play('1.030 S > C [R.] seq=901 ack=101 win=0')
    d.advance(1.4)
    const { process } = d.asked.at(-1)!
    return process.watched ? process.server?.pid : 'not watched'
  }
  assert.equal(named([77]), 77)
  assert.equal(named([77, 77]), 77)
  assert.equal(named([77, 78]), undefined, 'one of several')
  assert.equal(named([77], { younger: true }), undefined)
  assert.equal(named([77], { accepts: false }), undefined)
  assert.equal(named([77], {}, false), undefined, 'the kernel told nothing of it')
})

test('resets that a namespace counted and nobody told of', () => {
  const sent = (side: typeof client, remote: typeof client): KernelFact =>
    ({
      fact: 'reset_sent',
      at: 0,
      netns: NETNS,
      proto: 'tcp',
      local: side,
      remote,
      reason: 'NO_SOCKET',
      state: null,
      active: false,
    }) as KernelFact
  for (const [what, counted, told, isRead, untold] of [
    ['as many as were told', 1, [sent(server, client)], true, {}],
    ["none: somebody else's", 0, [], true, {}],
    ['one more', 1, [], true, { server: true }],
    ['one more, another was told', 2, [sent(server, { ...client, port: 1 })], true, { server: true }],
    ['not read in time', 0, [], false, { server: true }],
  ] as const) {
    let now = at(0.5)
    let resets = 7
    const d = docketed({
      ...LIVE,
      netnsOf: (addr) => (addr === server.addr ? NETNS : undefined),
      counters: () => ({ OutRsts: resets }),
      now: () => now,
    })
    if (isRead) d.docket.begin(now)
    now = at(1.01)
    resets += counted
    for (const fact of told) d.docket.fact(fact, at(1.002))
    d.play(REFUSED)
    d.advance(1.4)
    const { kernel } = d.asked.at(-1)!
    assert.ok(kernel.watched)
    assert.deepEqual(kernel.untold, untold, what)
  }
})
