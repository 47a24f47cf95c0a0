import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Screen } from '../../src/live/screen.ts'

function recorded(): { screen: Screen; written: string[] } {
  const written: string[] = []
  const screen = new Screen((text) => {
    written.push(text)
  })
  screen.enter()
  written.length = 0
  return { screen, written }
}

test('the first frame is written whole, inside one synchronized update, in one piece', () => {
  const { screen, written } = recorded()
  assert.equal(screen.draw({ lines: ['ab', 'cd'] }), 2)
  assert.deepEqual(written, [
    '\u001b[?2026h\u001b[1;1Hab\u001b[0m\u001b[2;1Hcd\u001b[0m\u001b[?25l\u001b[?2026l',
  ])
})

test('of the next frame only what changed is written', () => {
  const { screen, written } = recorded()
  screen.draw({ lines: ['ab', 'cd', 'ef'] })
  written.length = 0
  assert.equal(screen.draw({ lines: ['ab', 'CD', 'ef'] }), 1)
  assert.equal(written.length, 1)
  assert.match(written[0]!, /\[2;1HCD/)
  assert.doesNotMatch(written[0]!, /ab|ef/)
})

test('nothing is written when nothing changed', () => {
  const { screen, written } = recorded()
  screen.draw({ lines: ['ab'] })
  written.length = 0
  assert.equal(screen.draw({ lines: ['ab'] }), 0)
  assert.deepEqual(written, [])
})

test('after a resize everything is written again', () => {
  const { screen, written } = recorded()
  screen.draw({ lines: ['ab', 'cd'] })
  screen.invalidate()
  written.length = 0
  assert.equal(screen.draw({ lines: ['ab', 'cd'] }), 2)
  assert.equal(written.length, 1)
})

test('the cursor is shown where text is typed, and hidden again', () => {
  const { screen, written } = recorded()
  screen.draw({ lines: ['ab'] })
  written.length = 0
  screen.draw({ lines: ['ab'], cursor: { x: 1, y: 0 } })
  screen.draw({ lines: ['ab'] })
  assert.match(written[0]!, /\[1;2H\u001b\[\?25h/)
  assert.match(written[1]!, /\[\?25l/)
})

test('every mode that was set is taken back, once', () => {
  const written: string[] = []
  const screen = new Screen((text) => {
    written.push(text)
  })
  screen.enter()
  screen.leave()
  screen.leave()
  assert.equal(written.length, 2)
  const modes = (text: string, letter: string): string[] =>
    [...text.matchAll(/\[\?(\d+)([hl])/g)].filter(([, , last]) => last === letter).map(([, mode]) => mode!)
  const [enter, leave] = written as [string, string]
  for (const mode of modes(enter, 'h')) assert.ok(modes(leave, 'l').includes(mode), mode)
  for (const mode of modes(enter, 'l')) assert.ok(modes(leave, 'h').includes(mode), mode)
  screen.draw({ lines: ['late'] })
  assert.equal(written.length, 2, 'nothing is drawn on a screen that is not ours')
})
