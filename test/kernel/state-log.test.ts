import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KernelFact, StateFact } from '../../src/kernel/fact.ts'
import { FactReader, type KernelNames } from '../../src/kernel/fact-reader.ts'
import { CHANGE, CHANGE_LENGTH, KIND, OTHER_THREAD, RECORD } from '../../src/kernel/ring-record.ts'
import { StateLog } from '../../src/kernel/state-log.ts'
import { COMMON } from './common-layout.ts'

const NAMES: KernelNames = {
  dropReasons: new Map(),
  resetReasons: new Map(),
  error: (number) => `E${number}`,
  location: () => null,
  text: (bytes) => Buffer.from(bytes).toString(),
}
const [ESTABLISHED, SYN_SENT, FIN_WAIT1, CLOSE, LISTEN] = [1, 2, 4, 7, 10] as const

interface Change {
  readonly socket: number
  readonly from: number
  readonly to: number
  readonly local: number
  readonly remote: number
  readonly pid?: number
}

/** Two of them are longer than a question holds, ns. */
const PAUSE = 2 ** 34

/** The log, fed through a ring of one record; facts carry the number of their change as their time, pauses left out. */
class Bench {
  readonly told: StateFact[] = []
  readonly #ring = new Uint8Array(CHANGE_LENGTH)
  readonly #view = new DataView(this.#ring.buffer)
  readonly #memory = { view: this.#view, words: new Int32Array(this.#ring.buffer) }
  readonly #log = new StateLog(COMMON, NAMES)
  readonly #reader = new FactReader(this.#ring, COMMON, NAMES)
  readonly #give = (fact: KernelFact): void => {
    assert.equal(fact.fact, 'state')
    this.told.push({ ...(fact as StateFact), at: fact.at % PAUSE })
  }
  #count = 0
  #pauses = 0

  pause(): void {
    this.#pauses++
  }

  happens({ socket, from, to, local, remote, pid = 0 }: Change): number {
    const view = this.#view
    view.setUint32(RECORD.kind, KIND.state, true)
    // Which thread made it is all the same.
    view.setUint32(CHANGE.pid, pid + (socket % 2) * OTHER_THREAD, true)
    view.setBigUint64(RECORD.time, BigInt(++this.#count + this.#pauses * PAUSE), true)
    view.setBigUint64(RECORD.socket, 0xffff_8880_0000_0000n + BigInt(socket * 64), true)
    view.setUint8(CHANGE.from, from)
    view.setUint8(CHANGE.to, to)
    view.setUint16(CHANGE.port, local)
    view.setUint16(CHANGE.remotePort, remote)
    const { length } = this.told
    const isWanted = this.#log.wants(view, 0)
    if (!this.#log.take(this.#memory, 0, CHANGE_LENGTH, this.#give))
      this.#give(this.#reader.read(0, CHANGE_LENGTH)!)
    // The others are told in any case.
    const isKept = to !== LISTEN && (to !== CLOSE || (from !== LISTEN && from !== SYN_SENT))
    assert.ok(isWanted || !isKept || this.told.length === length)
    return this.#count
  }

  recall(a: number, b: number): void {
    this.#log.recall(a, b, this.#give)
  }

  recallDials(pid: number, port: number): void {
    this.#log.recallDials(pid, port, this.#give)
  }

  clear(): void {
    this.#log.clear()
  }

  /** Numbers of the changes that were told, in the order of telling. */
  get order(): number[] {
    return this.told.map(({ at }) => at)
  }
}

/** connect() of a socket that gets its port later, and what follows when all goes well. */
function dial(bench: Bench, socket: number, remote: number, pid: number): void {
  bench.happens({ socket, from: CLOSE, to: SYN_SENT, local: 0, remote, pid })
}

function rest(bench: Bench, socket: number, local: number, remote: number): void {
  bench.happens({ socket, from: SYN_SENT, to: ESTABLISHED, local, remote })
  bench.happens({ socket, from: ESTABLISHED, to: FIN_WAIT1, local, remote })
  bench.happens({ socket, from: FIN_WAIT1, to: CLOSE, local, remote })
}

test('of what goes well nothing is told before it is asked for, then its connect() first', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  dial(bench, 2, 80, 8)
  rest(bench, 2, 40_002, 80)
  rest(bench, 1, 40_001, 80)
  assert.deepEqual(bench.order, [])
  bench.recall(80, 40_001)
  assert.deepEqual(bench.order, [1, 6, 7, 8])
  assert.deepEqual([bench.told[0]!.pid, bench.told[1]!.local.port], [7, 40_001])
  bench.recall(40_001, 80)
  assert.deepEqual(bench.order, [1, 6, 7, 8])
})

test('what was asked for once is told at once, another connection between the same ports too', () => {
  const bench = new Bench()
  bench.recall(40_001, 80)
  dial(bench, 1, 80, 7)
  assert.deepEqual(bench.order, [])
  rest(bench, 1, 40_001, 80)
  assert.deepEqual(bench.order, [1, 2, 3, 4])
})

test('a socket whose address is used again has the latest connect() before its connection', () => {
  const bench = new Bench()
  for (const [pid, local] of [
    [7, 40_001],
    [8, 40_002],
    [9, 40_003],
  ] as const) {
    dial(bench, 1, 80, pid)
    rest(bench, 1, local, 80)
  }
  bench.recall(40_002, 80)
  assert.deepEqual(bench.order, [5, 6, 7, 8])
  assert.equal(bench.told[0]!.pid, 8)
})

test('a failed attempt is told with its connect(), with a port or before it had one', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  dial(bench, 2, 81, 8)
  bench.happens({ socket: 1, from: SYN_SENT, to: CLOSE, local: 40_001, remote: 80 })
  bench.happens({ socket: 2, from: SYN_SENT, to: CLOSE, local: 0, remote: 81 })
  assert.deepEqual(bench.order, [1, 3, 2, 4])
})

test('a connect() that has a port already is not told behind an older one of another socket at its address', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 111)
  rest(bench, 1, 40_001, 80)
  bench.happens({ socket: 1, from: CLOSE, to: SYN_SENT, local: 700, remote: 80, pid: 222 })
  bench.happens({ socket: 1, from: SYN_SENT, to: CLOSE, local: 700, remote: 80 })
  assert.deepEqual(
    bench.told.map(({ pid, local }) => [pid, local.port]),
    [
      [222, 700],
      [undefined, 700],
    ],
  )
  bench.recall(40_001, 80)
  assert.deepEqual(bench.order, [5, 6, 1, 2, 3, 4])
})

test('a connect() that has a port already is found by its process', () => {
  const bench = new Bench()
  bench.happens({ socket: 1, from: CLOSE, to: SYN_SENT, local: 700, remote: 80, pid: 7 })
  bench.happens({ socket: 2, from: CLOSE, to: SYN_SENT, local: 701, remote: 80, pid: 8 })
  bench.recallDials(7, 80)
  assert.deepEqual(bench.order, [1])
  bench.happens({ socket: 1, from: SYN_SENT, to: ESTABLISHED, local: 700, remote: 80 })
  assert.deepEqual(bench.order, [1, 3])
})

for (const isOver of [true, false])
  test(`a second connect() that has the first one's port still is found by its process, ${isOver ? 'after' : 'before'} it gets its own`, () => {
    const bench = new Bench()
    bench.happens({ socket: 1, from: CLOSE, to: SYN_SENT, local: 700, remote: 80, pid: 7 })
    if (!isOver) bench.recallDials(7, 80)
    bench.happens({ socket: 1, from: SYN_SENT, to: ESTABLISHED, local: 701, remote: 80 })
    if (isOver) bench.recallDials(7, 80)
    assert.deepEqual(bench.order, [1, 2])
  })

test('children that have no other end yet take no room', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  rest(bench, 1, 40_001, 80)
  for (let n = 0; n < 65_536; n++) bench.happens({ socket: 2, from: LISTEN, to: 3, local: 90, remote: 0 })
  bench.recall(40_001, 80)
  assert.deepEqual(bench.order, [1, 2, 3, 4])
})

test('listeners are told at once, their children are not', () => {
  const bench = new Bench()
  bench.happens({ socket: 1, from: CLOSE, to: LISTEN, local: 80, remote: 0 })
  bench.happens({ socket: 2, from: LISTEN, to: 3, local: 80, remote: 40_001 })
  bench.happens({ socket: 1, from: LISTEN, to: CLOSE, local: 80, remote: 0 })
  assert.deepEqual(bench.order, [1, 3])
})

test('whom a process dials: what it did, what it is about to do, and from then on at once', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  rest(bench, 1, 40_001, 80)
  dial(bench, 2, 80, 7)
  dial(bench, 3, 80, 8)
  dial(bench, 4, 81, 7)
  bench.recallDials(7, 80)
  assert.deepEqual(bench.order, [1, 2, 3, 4, 5])
  rest(bench, 2, 40_002, 80)
  assert.deepEqual(bench.order.slice(5), [8, 9, 10])
  dial(bench, 5, 80, 7)
  rest(bench, 5, 40_005, 80)
  rest(bench, 3, 40_003, 80)
  assert.deepEqual(bench.order.slice(8), [11, 12, 13, 14])
})

test('after records were lost, nothing from before is told', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  bench.clear()
  rest(bench, 1, 40_001, 80)
  bench.recall(40_001, 80)
  bench.recallDials(7, 80)
  assert.deepEqual(bench.order, [2, 3, 4])
})

test('a connection is found as long as fewer than 65536 changes came after it', () => {
  const bench = new Bench()
  dial(bench, 1, 80, 7)
  rest(bench, 1, 40_001, 80)
  for (let n = 0; n < 65_533; n++)
    bench.happens({ socket: 2, from: FIN_WAIT1, to: CLOSE, local: 1 + (n % 30_000), remote: 90 })
  bench.recall(40_001, 80)
  assert.deepEqual(bench.order, [2, 3, 4])
})

test('long after it was asked for, what goes well waits until it is asked for again', () => {
  const bench = new Bench()
  bench.recall(40_001, 80)
  bench.recallDials(7, 80)
  for (let n = 0; n < 2; n++) {
    bench.pause()
    bench.happens({ socket: 9, from: FIN_WAIT1, to: CLOSE, local: 1, remote: 90 })
  }
  dial(bench, 1, 80, 7)
  rest(bench, 1, 40_001, 80)
  assert.deepEqual(bench.order, [])
  bench.recall(40_001, 80)
  assert.deepEqual(bench.order, [3, 4, 5, 6])
})

/** Attempts of three sockets, two processes and few ports, so that everything is used again. */
const STEP = fc.oneof(
  fc.record({ what: fc.constant('pause' as const) }),
  fc.record({
    what: fc.constant('connection' as const),
    socket: fc.integer({ min: 1, max: 3 }),
    local: fc.integer({ min: 1, max: 3 }),
    pid: fc.integer({ min: 1, max: 2 }),
    fails: fc.boolean(),
    bound: fc.boolean(),
  }),
  fc.record({ what: fc.constant('recall' as const), local: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ what: fc.constant('dials' as const), pid: fc.integer({ min: 1, max: 2 }) }),
)

test('whatever is asked when: of each pair of ports all is told once, in order, behind its own connect()', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      const bench = new Bench()
      /** By number: to which ports a change belongs, and for the first that has them the number of its connect(). */
      const changes: { pair: number; dial?: number }[] = [{ pair: 0 }]
      for (const step of steps) {
        if (step.what === 'pause') bench.pause()
        else if (step.what === 'recall') bench.recall(step.local, 80)
        else if (step.what === 'dials') bench.recallDials(step.pid, 80)
        else {
          const { socket, local, pid, fails, bound } = step
          const port = bound ? local : 0
          const dial = bench.happens({ socket, from: CLOSE, to: SYN_SENT, local: port, remote: 80, pid })
          changes.push({ pair: port }, { pair: local, dial })
          bench.happens({ socket, from: SYN_SENT, to: fails ? CLOSE : ESTABLISHED, local, remote: 80 })
          if (fails) continue
          changes.push({ pair: local })
          bench.happens({ socket, from: ESTABLISHED, to: CLOSE, local, remote: 80 })
        }
      }
      for (const local of [1, 2, 3]) bench.recall(local, 80)
      for (const pair of [1, 2, 3])
        assert.deepEqual(
          bench.order.filter((number) => changes[number]!.pair === pair),
          [...changes.keys()].filter((number) => changes[number]!.pair === pair),
        )
      const dials = new Map<number, number>()
      for (const { from, socket, at } of bench.told) {
        if (from === 'CLOSE') dials.set(socket, at)
        else if (from === 'SYN_SENT') assert.equal(dials.get(socket), changes[at]!.dial)
      }
    }),
  )
})
