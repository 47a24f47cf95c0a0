import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProcessTree } from '../../src/kernel/process-tree.ts'

const nobody = (): undefined => undefined

function living(parent: number | undefined, start = 1): { parent: number; start: number } | undefined {
  return parent === undefined ? undefined : { parent, start }
}

test('a process, its children and theirs; not its parent, nor strangers', () => {
  const tree = new ProcessTree(true, nobody)
  tree.plant(10)
  // The record of the first process itself comes after it was planted.
  tree.fork(10, 5)
  tree.fork(11, 10)
  tree.fork(12, 11)
  tree.fork(20, 5)
  assert.deepEqual(
    [5, 10, 11, 12, 20].map((pid) => tree.has(pid)),
    [false, true, true, true, false],
  )
})

test('a child stays when its parent ends first, and after its own end', () => {
  const tree = new ProcessTree(true, nobody)
  tree.plant(10)
  tree.fork(10, 5)
  tree.fork(11, 10)
  tree.exit(10)
  tree.fork(12, 11)
  tree.exit(12)
  assert.deepEqual(
    [10, 11, 12].map((pid) => tree.has(pid)),
    [true, true, true],
  )
})

test('a number that became a stranger’s is a stranger', () => {
  const tree = new ProcessTree(true, nobody)
  tree.plant(10)
  tree.fork(10, 5)
  tree.fork(11, 10)
  tree.exit(11)
  tree.fork(11, 5)
  assert.equal(tree.has(11), false)
  tree.exit(10)
  tree.fork(10, 5)
  assert.equal(tree.has(10), false)
})

test('without records /proc is asked for parents, which may go round in circles', () => {
  const parents = new Map([
    [11, 10],
    [12, 11],
    [20, 1],
    [30, 31],
    [31, 30],
  ])
  const tree = new ProcessTree(false, (pid) => living(parents.get(pid)))
  tree.plant(10)
  assert.deepEqual(
    [10, 12, 11, 20, 30, 40].map((pid) => tree.has(pid)),
    [true, true, true, false, false, false],
  )
  // Its parents are gone, it was seen before.
  parents.clear()
  assert.equal(tree.has(12), true)
})

test('with records nobody asks /proc; once some were lost it is asked', () => {
  const tree = new ProcessTree(true, (pid) => living(pid === 11 ? 10 : undefined))
  tree.plant(10)
  tree.fork(10, 5)
  assert.equal(tree.has(11), false)
  tree.lost()
  assert.equal(tree.has(11), true)
})

test('without records a number is a stranger’s once its process has another start', () => {
  const processes = new Map([
    [10, { parent: 5, start: 100 }],
    [11, { parent: 10, start: 101 }],
    [12, { parent: 10, start: 102 }],
  ])
  const tree = new ProcessTree(false, (pid) => processes.get(pid))
  tree.plant(10)
  assert.deepEqual([tree.has(11), tree.has(12)], [true, true])
  processes.set(11, { parent: 1, start: 200 })
  processes.set(12, { parent: 10, start: 201 })
  assert.deepEqual([tree.has(11), tree.has(12)], [false, true])
  // The first process itself has ended.
  processes.set(10, { parent: 1, start: 202 })
  assert.deepEqual([tree.has(10), tree.has(12)], [false, true])
})

test('records until some are lost: who lives then is known by its start, who had ended is not there any more', () => {
  const processes = new Map([[11, { parent: 10, start: 101 }]])
  const tree = new ProcessTree(true, (pid) => processes.get(pid))
  tree.plant(10)
  tree.fork(10, 5)
  tree.fork(11, 10)
  tree.fork(12, 10)
  tree.exit(12)
  tree.lost()
  assert.deepEqual([tree.has(11), tree.has(12)], [true, true])
  processes.set(11, { parent: 1, start: 200 }).set(12, { parent: 1, start: 200 })
  assert.deepEqual([tree.has(11), tree.has(12)], [false, false])
})

test('without records memory is bounded, and the first process stays', () => {
  let areGone = false
  const tree = new ProcessTree(false, (pid) => (areGone ? undefined : living(pid === 2 ? 1 : 2)))
  tree.plant(2)
  for (let pid = 1000; pid < 1000 + 65_537; pid++) tree.has(pid)
  areGone = true
  assert.deepEqual(
    [2, 1000, 1001, 1002, 66_536].map((pid) => tree.has(pid)),
    [true, false, false, true, true],
  )
})

test('ended processes are remembered up to a bound, living ones always', () => {
  const tree = new ProcessTree(true, nobody)
  tree.plant(2)
  tree.fork(2, 1)
  tree.fork(3, 2)
  for (let pid = 1000; pid < 1000 + 65_537; pid++) {
    tree.fork(pid, 2)
    tree.exit(pid)
  }
  assert.deepEqual(
    [2, 3, 1000, 1001].map((pid) => tree.has(pid)),
    [true, true, false, true],
  )
})

test('any sequence of forks and exits: the same as following parents by hand', () => {
  const step = fc.tuple(fc.boolean(), fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 12 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tree = new ProcessTree(true, nobody)
      const members = new Set([2])
      tree.plant(2)
      tree.fork(2, 1)
      for (const [isFork, pid, parent] of steps) {
        if (!isFork) tree.exit(pid)
        else {
          if (members.has(parent)) members.add(pid)
          else members.delete(pid)
          tree.fork(pid, parent)
        }
      }
      for (let pid = 2; pid <= 12; pid++) assert.equal(tree.has(pid), members.has(pid))
    }),
    { seed: 20_260_101 },
  )
})
