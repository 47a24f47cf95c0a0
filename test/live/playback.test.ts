import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Playback } from '../../src/live/playback.ts'

/** A file of 100 s, and the clock that its user watches. */
function opened(): { playback: Playback; pass: (ms: number) => void } {
  let time = 5000
  const playback = new Playback('a.pcap', 1_000_000, 1_100_000, () => time)
  return {
    playback,
    pass: (ms) => {
      time += ms
    },
  }
}

/** Keys, the seconds that pass after them, then where in the file it is. */
const CASES: readonly (readonly [keys: string, seconds: number, at: number, restarts?: true])[] = [
  ['', 3, 3],
  [' ', 3, 0],
  ['5', 1, 51],
  ['  ', 2, 2],
  ['50', 1, 1, true],
  ['>', 0, 5],
  ['>>', 1, 11],
  ['$', 5, 100],
  ['$<', 0, 95, true],
  ['$ ', 1, 1, true],
  ['+', 2, 4],
  ['=', 2, 4],
  ['--', 4, 1],
  ['+++++++++++', 1, 100],
  [' 3', 9, 30],
  ['.', 9, 0],
]

for (const [keys, seconds, at, restarts] of CASES)
  test(`"${keys}" and ${seconds} s`, () => {
    const { playback, pass } = opened()
    for (const key of keys) assert.ok(playback.press(key === ' ' ? 'space' : key))
    pass(seconds * 1000)
    assert.equal((playback.now - playback.start) / 1000, at)
    assert.equal(playback.restarting, restarts === true)
  })

test('a step ends at its event, or at the next key', () => {
  const { playback, pass } = opened()
  let changes = 0
  playback.changed = () => changes++
  playback.press('n')
  assert.ok(playback.stepping && !playback.playing)
  playback.stepped(1_020_000)
  pass(1000)
  assert.equal(playback.now, 1_020_000)
  assert.ok(!playback.stepping)
  playback.press('.')
  playback.press('space')
  assert.ok(!playback.stepping && playback.playing)
  assert.equal(changes, 3)
})

test('other keys are left to the view', () => {
  const { playback } = opened()
  for (const key of ['q', 'enter', 'up', 'home', '/', '10']) assert.equal(playback.press(key), false)
})
