import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FreshMemory } from '../../src/host/fresh-memory.ts'

/** A memory of which `taken` bytes are used and `left` may be; what is asked for is told by `asked`. */
function memory(left: number) {
  let done = (): void => {}
  const touched = new Promise<void>((resolve) => {
    done = resolve
  })
  const state = { taken: 0, left, asked: [] as Uint8Array[], touched }
  return {
    state,
    growing: {
      calls: {
        takenBytes: () => state.taken,
        leftBytes: () => state.left,
        freshTouched: done,
      },
      growFresh: (bytes: number) => {
        // Full of something else, so that it is seen that zeros were written.
        const piece = new Uint8Array(new SharedArrayBuffer(bytes)).fill(1)
        state.asked.push(piece)
        return piece
      },
    },
  }
}

test('a memory that is used up soon has its next pages touched, a piece at a time', async () => {
  const { state, growing } = memory(0)
  const fresh = new FreshMemory(growing)
  fresh.look()
  assert.equal(state.asked.length, 0, 'a small file is looked at once')
  state.taken += 1 << 20
  fresh.look()
  state.taken += 1 << 20
  fresh.look()
  assert.equal(state.asked.length, 1)
  await state.touched
  assert.ok(state.asked[0]!.every((byte) => byte === 0))
  state.taken += 1 << 20
  fresh.look()
  assert.equal(state.asked.length, 2)
  fresh.close()
})

test('one that hardly grows, or has much left, is left alone', () => {
  const { state, growing } = memory(0)
  const fresh = new FreshMemory(growing)
  for (let n = 0; n < 10; n++) {
    fresh.look()
    state.taken += 1000
  }
  state.left = 64 << 20
  state.taken += 64 << 20
  fresh.look()
  assert.equal(state.asked.length, 0)
  fresh.close()
})
