import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG } from '../../src/kernel/change-log.ts'
import { KeptChanges } from '../../src/kernel/kept-changes.ts'
import { LogWriter } from './log-writer.ts'

const [ESTABLISHED, SYN_SENT, CLOSE] = [1, 2, 7] as const
const DIAL = { socket: 64, from: CLOSE, to: SYN_SENT } as const
const END = { socket: 64, from: ESTABLISHED, to: CLOSE } as const

/** A log and its reader; entries are known by their times. */
function bench(): {
  writer: LogWriter
  kept: KeptChanges
  given: number[]
  wanted: Set<number>
} {
  const writer = new LogWriter()
  const given: number[] = []
  const wanted = new Set<number>()
  const kept = new KeptChanges(writer.memory, {
    give: (offset) => given.push(writer.numberAt(offset)),
    wants: (offset) => wanted.has(writer.numberAt(offset)),
  })
  return { writer, kept, given, wanted }
}

/** ms: so late that whatever comes comes slowly. */
const LATE = 1e9

/** As the plane does, with a ring that has records of these times. */
function drain(kept: KeptChanges, { ring = [], now = LATE }: Drained = {}): boolean {
  let isWhole = true
  kept.read(() => {
    kept.before()
    kept.after()
    isWhole = ring.every((time) => kept.upTo(time))
    if (isWhole) kept.end(now)
  })
  return isWhole
}

interface Drained {
  readonly ring?: readonly number[]
  readonly now?: number
}

test('before a record of the ring all that happened before it is given, and the rest after it', () => {
  const { writer, kept, given } = bench()
  for (const time of [1, 2, 5, 6, 9]) writer.write({ ...DIAL, time })
  kept.before()
  kept.after()
  assert.equal(kept.upTo(5), true)
  assert.deepEqual(given, [1, 2, 5])
  assert.equal(kept.upTo(5), true)
  kept.end(LATE)
  assert.deepEqual(given, [1, 2, 5, 6, 9])
})

test('what is still being written holds up what comes after it, the ring too', () => {
  const { writer, kept, given } = bench()
  writer.write({ ...DIAL, time: 1 })
  const late = writer.begin({ ...DIAL, time: 2 })
  writer.write({ ...DIAL, time: 3 })
  assert.equal(drain(kept, { ring: [4] }), false)
  assert.deepEqual(given, [1])
  assert.equal(drain(kept), true)
  assert.deepEqual(given, [1])
  writer.finish(late)
  assert.equal(drain(kept, { ring: [4] }), true)
  assert.deepEqual(given, [1, 2, 3])
})

test('what comes while the ring is read waits: in the ring may be what was before it', () => {
  const { writer, kept, given } = bench()
  kept.before()
  writer.write({ ...DIAL, time: 3 })
  kept.after()
  kept.end(0)
  assert.deepEqual(given, [])
  kept.settle()
  assert.deepEqual(given, [])
  drain(kept)
  assert.deepEqual(given, [3])
})

test('of what was overwritten the number is told, and reading goes on behind it', () => {
  const { writer, kept, given } = bench()
  writer.repeat(DIAL, LOG.capacity + 10)
  drain(kept)
  assert.equal(kept.lost, LOG.capacity / 2 + 10)
  assert.equal(given[0], kept.lost)
  assert.equal(given.length, LOG.capacity / 2)
  drain(kept)
  assert.equal(kept.lost, LOG.capacity / 2 + 10)
})

test('what comes slowly is given as it comes, what comes fast when it is asked for', () => {
  const { writer, kept, given, wanted } = bench()
  writer.repeat(DIAL, 40)
  drain(kept, { now: 10 })
  assert.equal(given.length, 40)
  writer.repeat(DIAL, 41)
  drain(kept, { now: 20 })
  assert.equal(given.length, 40)
  drain(kept, { now: 20.25 })
  assert.equal(given.length, 81)
  for (const ask of [
    () => kept.settle(),
    () => {
      wanted.add(writer.count)
      writer.write(DIAL)
      drain(kept, { now: 21 })
    },
    // All but what came after it.
    () => drain(kept, { now: 21, ring: [writer.count] }),
  ]) {
    writer.repeat(DIAL, 1000)
    const before: number = given.length
    drain(kept, { now: 21 })
    assert.equal(given.length, before)
    ask()
    assert.equal(given.length, writer.count)
  }
})

test('who asks for what came before gets it with the next question', () => {
  const { writer, kept, given, wanted } = bench()
  writer.repeat(DIAL, 100)
  drain(kept, { now: 0 })
  wanted.add(50)
  drain(kept, { now: 0 })
  assert.deepEqual(given, [])
  kept.settle()
  assert.equal(given.length, 100)
})

test('whoever is given something and asks for more is answered from what was read', () => {
  const writer = new LogWriter()
  const given: number[] = []
  const kept = new KeptChanges(writer.memory, {
    wants: () => false,
    give(offset) {
      kept.settle()
      given.push(writer.numberAt(offset))
    },
  })
  writer.repeat(DIAL, 3)
  drain(kept, { now: 10 })
  writer.repeat(DIAL, 1000)
  drain(kept, { now: 10 })
  kept.settle()
  assert.deepEqual(given.slice(0, 5), [0, 1, 2, 3, 4])
  assert.equal(given.length, 1003)
})

test('whoever is told something of the ring may ask for what happened up to it', () => {
  const { writer, kept, given } = bench()
  writer.repeat(DIAL, 100)
  kept.read(() => {
    kept.before()
    kept.after()
    kept.settle()
    assert.deepEqual(given, [])
    kept.reach(9)
    kept.settle()
    assert.equal(given.length, 10)
    kept.end(0)
    assert.equal(given.length, 10)
  })
  kept.settle()
  assert.equal(given.length, 100)
})

test('before it is overwritten what is not over is given, however busy the machine is', () => {
  const { writer, kept, given } = bench()
  const open = { ...DIAL, socket: 128 }
  // Four entries for each, so that no stretch that is looked through ends within one.
  writer.write(open)
  writer.repeat(END, 3)
  for (let i = 1; i < (3 * LOG.capacity) / 16; i++) {
    writer.write(DIAL)
    writer.write({ ...DIAL, from: SYN_SENT, to: ESTABLISHED })
    writer.repeat(END, 2)
  }
  drain(kept, { now: 0 })
  assert.deepEqual(given, [])
  writer.repeat(END, LOG.capacity / 8)
  drain(kept, { now: 0 })
  assert.deepEqual(given, [0])
  assert.equal(kept.lost, 0)
  // Its end is given too, by when it has to go; of the others nothing.
  const end = writer.count
  writer.write({ ...END, socket: open.socket })
  for (let round = 0; round < 8; round++) {
    writer.repeat(END, LOG.capacity / 8)
    drain(kept, { now: 0 })
  }
  assert.deepEqual(given, [0, end])
  assert.equal(kept.lost, 0)
})

test('an entry is whole once its number is there, the very first too', () => {
  const { writer, kept, given } = bench()
  const first = writer.begin(DIAL)
  assert.equal(drain(kept), true)
  assert.deepEqual(given, [])
  writer.finish(first)
  kept.settle()
  assert.deepEqual(given, [0])
})

test('where the ring was not read to its end nothing is given that may come after what it still holds', () => {
  const { writer, kept, given } = bench()
  writer.write({ ...DIAL, time: 0 })
  const unfinished = writer.begin({ ...DIAL, time: 1 })
  writer.write({ ...DIAL, time: 9 })
  assert.equal(drain(kept, { ring: [5] }), false)
  writer.finish(unfinished)
  kept.settle()
  assert.deepEqual(given, [0])
  assert.equal(drain(kept, { ring: [5] }), true)
  assert.deepEqual(given, [0, 1, 9])
})

test('what was overwritten since it was read last is lost, also for who asks in between', () => {
  const { writer, kept, given } = bench()
  writer.repeat(DIAL, LOG.capacity / 2)
  drain(kept, { now: 1 })
  assert.equal(given.length, 0)
  writer.repeat(DIAL, LOG.capacity / 2)
  // The first entry of the next round is half written.
  writer.begin({ ...DIAL, socket: 4096, time: 777_777 })
  kept.settle()
  assert.ok(kept.lost > 0)
  assert.ok(!given.includes(777_777))
})

test('what is overwritten while it is read is not given', () => {
  const { writer, kept, given } = bench()
  writer.repeat(DIAL, LOG.capacity / 2)
  kept.read(() => {
    kept.before()
    kept.after()
    // Meanwhile the machine begins the next round.
    writer.repeat(END, LOG.capacity / 2)
    writer.begin({ ...END, time: 777_777 })
    kept.end(LATE)
  })
  assert.ok(!given.includes(777_777))
  drain(kept)
  assert.ok(kept.lost > 0)
})
