import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessNames } from '../../src/kernel/process-names.ts'

test('a name follows execve, fork and exit', () => {
  const names = new ProcessNames()
  names.learn(1, 'bash')
  names.fork(2, 2, 1)
  assert.equal(names.of(2), 'bash')
  names.comm(2, 'curl')
  assert.equal(names.of(2), 'curl')
  assert.equal(names.of(1), 'bash')
  names.exit(2, 2, 50)
  assert.equal(names.of(2), undefined)
  assert.equal(names.exitOf(2), 50)
})

test('a thread that renames itself does not rename its process', () => {
  const names = new ProcessNames()
  names.learn(7, 'node')
  names.fork(7, 8, 7)
  names.comm(8, 'worker')
  assert.equal(names.of(7), 'node')
  names.exit(7, 8, 10)
  assert.equal(names.of(7), 'node')
  assert.equal(names.exitOf(7), undefined)
  // A fork by that thread takes the thread's name.
  names.fork(7, 9, 7)
  names.comm(9, 'pool')
  names.fork(20, 20, 9)
  assert.equal(names.of(20), 'pool')
})

test('the snapshot never overwrites what a record told', () => {
  const names = new ProcessNames()
  names.comm(5, 'new')
  names.learn(5, 'old')
  assert.equal(names.of(5), 'new')
})

test('a number that is used again is alive again, with its new name', () => {
  const names = new ProcessNames()
  names.comm(5, 'old')
  names.exit(5, 5, 10)
  names.fork(5, 5, 1)
  assert.equal(names.exitOf(5), undefined)
  assert.equal(names.of(5), undefined)
})

test('exits of long ago are forgotten', () => {
  const names = new ProcessNames()
  for (let pid = 1; pid <= 20_000; pid++) names.exit(pid, pid, pid)
  assert.equal(names.exitOf(1), undefined)
  assert.equal(names.exitOf(20_000), 20_000)
})
