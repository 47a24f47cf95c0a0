import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectionOwners } from '../../src/kernel/connection-owners.ts'
import { CLOSE, ESTABLISHED, SYN_SENT } from '../../src/kernel/state-event.ts'
import type { TracedProcess } from '../../src/kernel/traced-process.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { stateEvent } from './state-record.ts'

const OURS = 4026531840
const THEIRS = 4026532999
const SECOND = 1e9
const LOCAL = '192.0.2.1'
const REMOTE = '198.51.100.7'
const PORT = 443

const process = (pid: number, netns: number | null = OURS): TracedProcess => ({ pid, comm: `p${pid}`, netns })

interface Ends {
  readonly local?: string
  readonly localPort?: number
  readonly remote?: string
  readonly remotePort?: number
  readonly netns?: number
}

/** Drives the joins with plain words. */
class Bench {
  readonly owners = new ConnectionOwners(OURS)

  change(socket: number, from: number, to: number, time: number, ends: Ends, who?: TracedProcess): void {
    const { local = LOCAL, localPort = 0, remote = REMOTE, remotePort = PORT, netns } = ends
    const event = stateEvent({
      ...{ socket, from, to, local, localPort, remote, remotePort },
      ...(netns !== undefined && { netns }),
    })
    this.owners.state(event, time, who)
  }

  connect(socket: number, time: number, who: TracedProcess | undefined, ends: Ends = {}): void {
    this.change(socket, CLOSE, SYN_SENT, time, ends, who)
  }

  establish(socket: number, time: number, localPort: number, ends: Ends = {}): void {
    // Runs in whoever was interrupted: its process must not count.
    this.change(socket, SYN_SENT, ESTABLISHED, time, { ...ends, localPort }, process(666))
  }

  end(socket: number, time: number, localPort: number, from = ESTABLISHED): void {
    this.change(socket, from, CLOSE, time, { localPort }, process(667))
  }

  find(localPort: number, time: number, ends: Ends = {}): number | undefined {
    const { local = LOCAL, remote = REMOTE, remotePort = PORT } = ends
    return this.owners.find(parseAddress(local)!, localPort, parseAddress(remote)!, remotePort, time)?.pid
  }

  elsewhere(localPort: number, time: number): number | undefined {
    return this.owners.elsewhere(parseAddress(LOCAL)!, localPort, parseAddress(REMOTE)!, PORT, time)?.pid
  }

  candidates(time: number): (number | undefined)[] {
    return this.owners
      .candidates(parseAddress(LOCAL)!, parseAddress(REMOTE)!, PORT, time)
      .map((connect) => connect.process?.pid)
  }
}

test('the port comes with the next record of the same socket, the process from connect()', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.connect(2, 110, process(20))
  assert.equal(bench.find(40_001, 120), undefined)
  bench.establish(2, 200, 40_002)
  bench.establish(1, 210, 40_001)
  assert.equal(bench.find(40_001, 120), 10)
  assert.equal(bench.find(40_002, 120), 20)
  assert.equal(bench.find(40_003, 120), undefined)
})

test('a refused connection has its owner too', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.end(1, 150, 40_001, SYN_SENT)
  assert.equal(bench.find(40_001, 120), 10)
})

test('a port in the record of connect() is of an earlier attempt and means nothing', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10), { localPort: 39_999 })
  assert.equal(bench.find(39_999, 120), undefined)
  bench.establish(1, 200, 40_001)
  assert.equal(bench.find(39_999, 220), undefined)
  assert.equal(bench.find(40_001, 220), 10)
})

test('no port was free: nothing is left of it', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.end(1, 150, 0, SYN_SENT)
  assert.deepEqual(bench.candidates(160), [])
  assert.equal(bench.owners.size, 0)
})

test('candidates are the connections under way to the same place, not the joined, ended or later ones', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.connect(2, 110, process(20))
  bench.connect(3, 120, process(30), { remotePort: 80 })
  bench.connect(4, 130, process(40), { remote: '198.51.100.8' })
  bench.connect(5, 140, process(50))
  bench.connect(6, 150, process(60, THEIRS))
  bench.connect(7, SECOND, process(70))
  bench.establish(5, 160, 40_005)
  assert.deepEqual(bench.candidates(200), [10, 20])
})

test('a confirmed port is found before the socket says more, and not joined twice', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  const [candidate] = bench.owners.candidates(parseAddress(LOCAL)!, parseAddress(REMOTE)!, PORT, 110)
  bench.owners.confirm(candidate!, 40_001)
  bench.establish(1, 200, 40_001)
  assert.equal(bench.find(40_001, 120), 10)
  assert.equal(bench.owners.size, 1)
})

test('the same ends used again belong to whoever used them at the time of the packet', () => {
  const bench = new Bench()
  bench.connect(1, 1 * SECOND, process(10))
  bench.establish(1, 1.1 * SECOND, 40_001)
  bench.end(1, 2 * SECOND, 40_001)
  bench.connect(1, 3 * SECOND, process(20))
  bench.establish(1, 3.1 * SECOND, 40_001)
  assert.equal(bench.find(40_001, 0.9 * SECOND), undefined)
  assert.equal(bench.find(40_001, 1.05 * SECOND), 10)
  assert.equal(bench.find(40_001, 2.5 * SECOND), 10)
  assert.equal(bench.find(40_001, 3.05 * SECOND), 20)
})

test('a kernel address that is used again is another socket', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  // Its CLOSE was not told.
  bench.connect(1, 500, process(20))
  bench.establish(1, 600, 40_002)
  assert.equal(bench.find(40_002, 700), 20)
  assert.deepEqual(bench.candidates(700), [])
})

test('a record of other ends than those of connect() is not joined', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.establish(1, 200, 40_001, { remote: '198.51.100.9' })
  assert.equal(bench.find(40_001, 300), undefined)
  assert.equal(bench.find(40_001, 300, { remote: '198.51.100.9' }), undefined)
})

for (const [name, first, second, expected] of [
  ['another namespace is never ours', process(10, THEIRS), undefined, undefined],
  ['a process that was gone at once is taken when it is the only one', process(10, null), undefined, 10],
  ['ours wins against another namespace', process(10, THEIRS), process(20), 20],
  ['ours wins against an unknown one at the same time', process(10, null), process(20), 20],
  ['two unknown ones at the same time cannot be told apart', process(10, null), process(20, null), undefined],
  ['one whose process is outside this pid namespace is nobody', undefined, undefined, undefined],
] as const)
  test(`the same ends in several namespaces: ${name}`, () => {
    const bench = new Bench()
    bench.connect(1, 100, first, { local: '127.0.0.1', remote: '127.0.0.1' })
    bench.establish(1, 200, 40_001, { local: '127.0.0.1', remote: '127.0.0.1' })
    if (second !== undefined) {
      bench.connect(2, 110, second, { local: '127.0.0.1', remote: '127.0.0.1' })
      bench.establish(2, 210, 40_001, { local: '127.0.0.1', remote: '127.0.0.1' })
    }
    assert.equal(bench.find(40_001, 300, { local: '127.0.0.1', remote: '127.0.0.1' }), expected)
  })

test('closed connections are forgotten after a while, open ones never', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.establish(1, 200, 40_001)
  bench.end(1, 300, 40_001)
  bench.connect(2, 100, process(20))
  bench.establish(2, 200, 40_002)
  bench.owners.expire(3600 * SECOND)
  assert.equal(bench.owners.size, 1)
  assert.equal(bench.find(40_001, 250), undefined)
  assert.equal(bench.find(40_002, 3600 * SECOND), 20)
})

test('after lost records nothing is known', () => {
  const bench = new Bench()
  bench.connect(1, 100, process(10))
  bench.establish(1, 200, 40_001)
  bench.connect(2, 300, process(20))
  bench.owners.clear()
  bench.establish(2, 400, 40_002)
  assert.equal(bench.find(40_001, 500), undefined)
  assert.equal(bench.find(40_002, 500), undefined)
  assert.equal(bench.owners.size, 0)
})

/** One life of a connection; several share few sockets and ports, so that they are used again and again. */
const life = fc.record({
  pid: fc.integer({ min: 1, max: 5 }),
  socket: fc.integer({ min: 1, max: 6 }),
  port: fc.integer({ min: 40_000, max: 40_002 }),
  foreign: fc.boolean(),
  /** Gone before its namespace could be read. */
  unknown: fc.boolean(),
  fails: fc.boolean(),
  wait: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 2, max: 40 }),
})

test('whatever order connections come in, no answer is ever a wrong process', () => {
  let answered = 0
  fc.assert(
    fc.property(fc.array(life, { minLength: 8, maxLength: 40 }), (lives) => {
      const bench = new Bench()
      const step = 1e6
      const truth: { pid: number; port: number; to: number; foreign: boolean }[] = []
      const events: { at: number; emit: () => void }[] = []
      const busy = { socket: new Map<number, number>(), ends: new Map<string, number>() }
      let now = 1
      for (const { pid, socket, port, foreign, unknown, fails, wait, length } of lives) {
        now += wait
        // The kernel gives one address to one socket, and in one namespace the same ends to one connection.
        const ends = `${foreign} ${port}`
        if ((busy.socket.get(socket) ?? 0) >= now || (busy.ends.get(ends) ?? 0) >= now) continue
        const from = now * step
        const to = from + length * step
        busy.socket.set(socket, now + length)
        busy.ends.set(ends, now + length)
        const netns = unknown ? null : foreign ? THEIRS : OURS
        events.push({
          at: from,
          emit: () => {
            bench.connect(socket, from, process(pid, netns))
            // Its packets are sent, and so seen, after its record only.
            truth.push({ pid, port, to, foreign })
          },
        })
        if (!fails) events.push({ at: from + step, emit: () => bench.establish(socket, from + step, port) })
        events.push({ at: to, emit: () => bench.end(socket, to, port, fails ? SYN_SENT : ESTABLISHED) })
      }
      events.sort((a, b) => a.at - b.at)
      for (const { at, emit } of events) {
        emit()
        // Packets seen here come from connections of this namespace: ask for each that is under way.
        for (const { pid, port, to, foreign } of truth) {
          if (foreign || to < at) continue
          const found = bench.find(port, at)
          if (found !== undefined) answered += 1
          assert.ok(found === undefined || found === pid, `port ${port} at ${at}: ${found}, not ${pid}`)
        }
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(answered > 1000, `only ${answered} answers`)
})

test('another namespace: named where one connect() alone can be meant', () => {
  const bench = new Bench()
  bench.connect(1, SECOND, process(10, THEIRS))
  bench.establish(1, 1.1 * SECOND, 4000)
  assert.equal(bench.find(4000, 2 * SECOND), undefined)
  assert.equal(bench.elsewhere(4000, 2 * SECOND), 10)
  assert.equal(bench.elsewhere(4000, 0.5 * SECOND), undefined, 'before it')
  assert.equal(bench.elsewhere(4001, 2 * SECOND), undefined, 'another port')
  // The same ends in a third namespace.
  bench.connect(2, 3 * SECOND, process(11, 7))
  assert.equal(bench.elsewhere(4000, 4 * SECOND), undefined, 'the other one has no port yet')
  bench.establish(2, 4 * SECOND, 4000)
  assert.equal(bench.elsewhere(4000, 5 * SECOND), undefined, 'two are open')
  bench.end(2, 6 * SECOND, 4000)
  assert.equal(bench.elsewhere(4000, 7 * SECOND), undefined, 'the other one may have sent its last')
  bench.end(1, 8 * SECOND, 4000)
  assert.equal(bench.elsewhere(4000, 9 * SECOND), undefined, 'both lately were')
})

test('a connection of this namespace is nobody elsewhere', () => {
  const bench = new Bench()
  bench.connect(1, SECOND, process(10))
  bench.establish(1, 1.1 * SECOND, 4000)
  assert.equal(bench.elsewhere(4000, 2 * SECOND), undefined)
})

test('the namespace that the kernel told tells connections of the same ends apart', () => {
  // Both processes were gone before their namespace could be read.
  const bench = (ours?: number, theirs?: number): Bench => {
    const made = new Bench()
    made.connect(1, SECOND, process(10, null), ours === undefined ? {} : { netns: ours })
    made.establish(1, 1.1 * SECOND, 4000)
    made.connect(2, 1.2 * SECOND, process(11, null), theirs === undefined ? {} : { netns: theirs })
    made.establish(2, 1.3 * SECOND, 4000)
    return made
  }
  assert.equal(bench().find(4000, 2 * SECOND), undefined)
  const told = bench(OURS, THEIRS)
  assert.equal(told.find(4000, 2 * SECOND), 10)
  assert.equal(told.elsewhere(4000, 2 * SECOND), 11)
})
