import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PastAddresses } from '../../../src/cli/trace/past-addresses.ts'
import { StateChange } from '../../../src/kernel/state-event.ts'

const NETNS = 4026532999
const ADDR = '192.0.2.1'

function change(word: number): StateChange {
  const made = new StateChange()
  made.family = 4
  made.local[0] = word
  return made
}

/** One namespace that has one address until it is gone. */
function bench() {
  const world = { now: 0, isThere: true, asked: 0 }
  const isHere = (addr: string, netns: number): boolean => {
    world.asked++
    return world.isThere && addr === ADDR && netns === NETNS
  }
  return { world, addresses: new PastAddresses(isHere, () => world.now) }
}

test('a namespace that is gone had the address that was looked up when its socket changed', () => {
  const { world, addresses } = bench()
  addresses.see(NETNS, change(0xc000_0201))
  world.isThere = false
  world.now = 20e3
  assert.equal(addresses.has(NETNS, ADDR), true)
  assert.equal(addresses.has(NETNS, '192.0.2.2'), false)
  assert.equal(addresses.has(NETNS + 1, ADDR), false)
  world.now = 60e3
  assert.equal(addresses.has(NETNS, ADDR), false)
})

test('an address is looked up once in a while, loopback and none not at all', () => {
  const { world, addresses } = bench()
  for (const word of [0x7f00_0001, 0]) addresses.see(NETNS, change(word))
  assert.equal(world.asked, 0)
  for (let n = 0; n < 5; n++) addresses.see(NETNS, change(0xc000_0201))
  assert.equal(world.asked, 1)
  world.now = 11e3
  addresses.see(NETNS, change(0xc000_0201))
  assert.equal(world.asked, 2)
})
