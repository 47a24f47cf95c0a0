import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventMerge } from '../../../src/cli/demo/merge.ts'

const at = (nanos: number): string => `2026-01-01T00:00:00.${String(nanos).padStart(9, '0')}Z`

test('a line is shown once both traces have come as far', () => {
  const shown: string[] = []
  const merge = new EventMerge(['near', 'far'], (line) => shown.push(line))
  merge.add('near', at(1), 'first')
  merge.add('near', at(4), 'third')
  assert.deepEqual(shown, [], 'the other one may still tell of something earlier')
  merge.add('far', at(2), 'second')
  assert.deepEqual(shown, ['first', 'second'])
  merge.add('far', at(5))
  assert.deepEqual(shown, ['first', 'second', 'third'])
  merge.close()
})

test('however the lines of two traces come, they are shown in the order of their times', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 999 }))
  fc.assert(
    fc.property(times, times, fc.array(fc.boolean()), (near, far, turns) => {
      const shown: string[] = []
      const merge = new EventMerge(['near', 'far'], (line) => shown.push(line))
      const queues = { near: near.map(at).sort(), far: far.map(at).sort() }
      for (const turn of turns) {
        const source = turn ? 'near' : 'far'
        const time = queues[source].shift()
        if (time !== undefined) merge.add(source, time, time)
      }
      for (const source of ['near', 'far'] as const)
        for (const time of queues[source]) merge.add(source, time, time)
      merge.flush()
      merge.close()
      assert.deepEqual(shown, [...near, ...far].map(at).sort())
    }),
  )
})

test('what only one trace tells of is shown after a while', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const shown: string[] = []
  let now = 0
  const merge = new EventMerge(
    ['near', 'far'],
    (line) => shown.push(line),
    () => now,
  )
  merge.add('near', at(1), 'alone')
  assert.deepEqual(shown, [])
  now = 3000
  context.mock.timers.tick(3000)
  assert.deepEqual(shown, ['alone'])
})

test('it has settled once the other trace has come as far, and at once when nothing is held', async () => {
  const shown: string[] = []
  const merge = new EventMerge(['near', 'far'], (line) => shown.push(line))
  await merge.settled()
  merge.add('near', at(1), 'first')
  const settled = merge.settled().then(() => shown.push('settled'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(shown, [])
  merge.add('far', at(1))
  await settled
  assert.deepEqual(shown, ['first', 'settled'])
})

test('what is no packet is shown behind its packet, which may come later, though the other trace never tells of it', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const shown: string[] = []
  let now = 0
  const merge = new EventMerge(
    ['near', 'far'],
    (line) => shown.push(line),
    () => now,
  )
  const wait = (ms: number): void => {
    now += ms
    context.mock.timers.tick(ms)
  }
  merge.add('near', at(1), 'SYN')
  merge.add('far', at(1))
  merge.addAside('near', at(4), 'drop')
  wait(100)
  merge.add('near', at(3), 'SYN again')
  merge.add('far', at(3))
  assert.deepEqual(shown, ['SYN', 'SYN again'])
  wait(150)
  assert.deepEqual(shown, ['SYN', 'SYN again', 'drop'])
  merge.addAside('near', at(5), 'another')
  wait(250)
  assert.deepEqual(shown, ['SYN', 'SYN again', 'drop', 'another'])
  merge.close()
})

test('after close nothing is shown', () => {
  const shown: string[] = []
  const merge = new EventMerge(['near', 'far'], (line) => shown.push(line))
  merge.add('near', at(1), 'late')
  merge.close()
  merge.flush()
  assert.deepEqual(shown, [])
})
