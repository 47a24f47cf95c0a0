import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventMerge } from '../../src/cli/demo-merge.ts'

const at = (nanos: number): string => `2026-01-01T00:00:00.${String(nanos).padStart(9, '0')}Z`

test('lines of two traces are shown in the order of their times, each after a moment', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  context.mock.method(performance, 'now', () => now)
  const pass = (ms: number): void => {
    now += ms
    context.mock.timers.tick(ms)
  }
  const shown: string[] = []
  const merge = new EventMerge((line) => shown.push(line))

  merge.add('second', at(2))
  pass(30)
  merge.add('first', at(1))
  merge.add('fourth', at(4))
  assert.deepEqual(shown, [], 'nothing before its moment has passed')
  pass(30)
  assert.deepEqual(shown, ['first', 'second'], 'what is younger waits')
  merge.add('third', at(3))
  pass(60)
  assert.deepEqual(shown, ['first', 'second', 'third', 'fourth'])
})

test('flush shows everything at once, lines without a time last', () => {
  const shown: string[] = []
  const merge = new EventMerge((line) => shown.push(line))
  merge.add('summary')
  merge.add('b', at(2))
  merge.add('a', at(1))
  merge.flush()
  assert.deepEqual(shown, ['a', 'b', 'summary'])
})

test('after close nothing is shown', () => {
  const shown: string[] = []
  const merge = new EventMerge((line) => shown.push(line))
  merge.add('a', at(1))
  merge.close()
  merge.flush()
  assert.deepEqual(shown, [])
})
