import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Late } from '../../src/diagnose/late.ts'
import type { Nanos } from '../../src/flow/time.ts'

const at = (seconds: number) => (seconds * 1e9) as Nanos

/** A `give` that knows these, and what it was given. */
function giving(known: (item: string) => boolean = () => true) {
  const given: string[] = []
  return { given, give: (item: string) => given.push(item) > 0 && known(item) }
}

test('what waits is given in the order of time, up to a time, once', () => {
  const late = new Late<string>()
  for (const [item, second] of [
    ['c', 3],
    ['a', 1],
    ['b', 2],
  ] as const)
    late.add(item, at(second))
  const { given, give } = giving()
  for (const until of [0.5, 2, 2, 5]) late.take(at(until), give)
  assert.deepEqual(given, ['a', 'b', 'c'])
})

test('whose flow is not known is given again only when asked for, until it is known or forgotten', () => {
  const late = new Late<string>()
  for (const item of ['a', 'b']) late.add(item, at(1))
  let isKnown = false
  const { given, give } = giving((item) => item === 'b' && isKnown)
  for (let n = 0; n < 3; n++) late.take(at(1), give)
  assert.deepEqual(given, ['a', 'b'])
  late.takeAgain(give)
  isKnown = true
  late.takeAgain(give)
  late.takeAgain(give)
  assert.deepEqual(given.slice(2), ['a', 'b', 'a', 'b', 'a'])
  late.forget(at(1))
  late.takeAgain(give)
  assert.equal(given.length, 7)
})

test('what waits already is not added again, before its time and after it; once given it may be', () => {
  const late = new Late<string>()
  const { given, give } = giving(() => given.length > 1)
  late.add('a', at(1))
  late.add('a', at(1.5))
  late.take(at(2), give)
  late.add('a', at(3))
  late.takeAgain(give)
  late.take(at(3), give)
  assert.deepEqual(given, ['a', 'a'])
  late.add('a', at(4))
  late.take(at(4), give)
  assert.equal(given.length, 3)
})

test('room is made by what was not known longest, else nothing is added', () => {
  const late = new Late<number>()
  for (let n = 0; n < 4096; n++) late.add(n, at(1))
  late.add(4096, at(1))
  let given: number[] = []
  late.take(at(1), (n) => given.push(n) < 0)
  assert.equal(given.length, 4096)
  late.add(4096, at(2))
  given = []
  late.takeAgain((n) => given.push(n) > 0)
  late.take(at(2), (n) => given.push(n) > 0)
  assert.deepEqual([given.length, given[0], given.at(-1)], [4096, 1, 4096])
})
