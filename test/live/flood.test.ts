import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import stringWidth from 'string-width'
import { Tmux } from '../support/tmux.ts'
import { checkRestored, client, FOOTER, lineOf, liveTest, PROGRAM, serverPort, stty, WATCHED } from './lab.ts'

liveTest('each frame is one synchronized update, and nothing is written when nothing changes', async () => {
  const terminal = new Tmux(100, 30)
  const file = join(terminal.folder, 'written')
  await terminal.prompt()
  terminal.type(`clear\n`)
  terminal.record(file)
  terminal.type(`exec ${PROGRAM}\n`)
  await terminal.until('the live view', (screen) => /LISTEN/.test(screen) && WATCHED.test(screen))
  const socket = await client()
  await terminal.until('the handshake', (screen) => /S▸ ◂SA A▸/.test(lineOf(screen, socket.localPort)))
  terminal.keys('?')
  await terminal.until('the help', (screen) => /one line up/.test(screen))
  const written = readFileSync(file, 'utf8')
  const program = written.slice(written.indexOf('\u001b[?1049h'))
  const outside = program.replace(/\u001b\[\?2026h.*?\u001b\[\?2026l/gs, '')
  assert.equal(outside, '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?1000h\u001b[?1006h\u001b[2J')
  assert.equal(
    /\u001b\[[0-2]?J/.test(program.slice(outside.length)),
    false,
    'a frame never clears the screen',
  )
})

/** Connections that are opened and closed at once, `perTurn` every 20 ms, until `stop` is called. */
function churn(perTurn: number): { made: () => number; stop: () => void } {
  let made = 0
  const timer = setInterval(() => {
    for (let at = 0; at < perTurn; at++) {
      const socket = connect(serverPort(), '127.0.0.1')
      socket.on('error', () => {})
      socket.on('connect', () => {
        made++
        socket.resetAndDestroy()
      })
    }
  }, 20)
  return { made: () => made, stop: () => clearInterval(timer) }
}

/** One frame as it was written: the lines that changed, by their place on the screen. */
interface WrittenFrame {
  readonly lines: ReadonlyMap<number, string>
  readonly width: number
}

/** Frames of a recorded terminal. Throws when a line is torn, or stands twice in one frame. */
function framesOf(written: string): WrittenFrame[] {
  const frames: WrittenFrame[] = []
  for (const [, frame] of written.matchAll(/\u001b\[\?2026h(.*?)\u001b\[\?2026l/gs)) {
    const lines = new Map<number, string>()
    for (const [, row, line] of frame!.matchAll(
      /\u001b\[(\d+);1H(.*?)\u001b\[0m(?=\u001b\[\d+;\d+H|\u001b\[\?|$)/gs,
    )) {
      assert.ok(!lines.has(Number(row)), `line ${row} twice in a frame`)
      lines.set(Number(row), line!)
    }
    const widths = new Set([...lines.values()].map((line) => stringWidth(line)))
    assert.ok(widths.size <= 1, `lines of ${[...widths]} cells in one frame`)
    // Only the cursor moved.
    if (widths.size === 1) frames.push({ lines, width: [...widths][0]! })
  }
  return frames
}

/** Checks that of each frame only what changed was written, after a whole one for each size. */
function checkFrames(frames: readonly WrittenFrame[], sizes: ReadonlyMap<number, number>): void {
  let width = 0
  const shown = new Map<number, string>()
  for (const frame of frames) {
    const rows = sizes.get(frame.width)
    assert.ok(rows !== undefined, `a frame of ${frame.width} cells`)
    if (frame.width !== width) {
      width = frame.width
      shown.clear()
    }
    for (const [y, line] of frame.lines) {
      assert.ok(y >= 1 && y <= rows)
      assert.notEqual(line, shown.get(y), `line ${y} written again as it was`)
      shown.set(y, line)
    }
    assert.equal(shown.size, rows, 'the first frame of a size is whole')
  }
}

/** Both ends of `count` established connections in this namespace, until `release` is called. */
async function hold(count: number): Promise<{ release: () => Promise<void> }> {
  const holder = spawn('node', [resolve('scripts/bench/connections.mjs'), String(count), '10000'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return {
    async release() {
      holder.stdin.end()
      if (holder.exitCode === null) await once(holder, 'exit')
    },
  }
}

liveTest(
  'ten thousand sockets and thousands of new connections: whole lines, only what changed',
  async () => {
    const sizes = [
      [80, 24],
      [200, 60],
    ] as const
    const held = await hold(5000)
    const terminal = new Tmux(...sizes[0])
    const file = join(terminal.folder, 'written')
    await terminal.prompt()
    const before = await stty(terminal)
    terminal.type('clear\n')
    terminal.record(file)
    terminal.type(`${PROGRAM}; echo ended: $?\n`)
    await terminal.until('the sockets', (screen) => WATCHED.test(screen) && /1\d{4} sockets/.test(screen))
    const { made, stop } = churn(40)
    try {
      await terminal.until('many connections', () => made() > 2000)
      terminal.keys('Down', 'Enter')
      await terminal.until('details', (screen) => /details \[/.test(screen))
      // In the middle of it all.
      for (const [columns, rows] of [sizes[1], sizes[0], sizes[1]]) {
        terminal.resize(columns, rows)
        await terminal.until(`${columns}×${rows}`, (screen) => {
          const lines = screen.trimEnd().split('\n')
          return (
            lines.length === rows && FOOTER.test(lines.at(-1)!) && /Netid/.test(screen) === columns >= 110
          )
        })
      }
      // An escape with a letter at once behind it is another key.
      terminal.keys('Escape')
      await terminal.until('the table', (screen) => !/details \[/.test(screen))
      terminal.keys('s', 'PageDown', 'g')
      await terminal.until('groups', (screen) => /sort state ↓ +by process/.test(screen))
      terminal.keys('g', 'g', 'g', '/')
      terminal.type('sport = :10000')
      await terminal.until('a filter', (screen) => / of 500[01] .*sport = :10000/.test(screen))
      terminal.keys('Enter', 'L')
      await terminal.until('the ladder', (screen) => /Esc back/.test(screen))
      terminal.keys('h', '\\', 'Tab', 'k', 'k')
      await terminal.until('events that stand still', (screen) =>
        /▸ events .*below, End follows/.test(screen),
      )
      const seen = made()
      await terminal.until('more of them', () => made() > seen + 4000)
      terminal.keys('End')
      await terminal.until('events that follow', (screen) => /▸ events .*following/.test(screen))
    } finally {
      stop()
      await held.release()
    }
    const frames = framesOf(readFileSync(file, 'utf8'))
    assert.ok(frames.length > 10)
    checkFrames(frames, new Map(sizes))
    terminal.keys('q')
    await checkRestored({ terminal, before }, 0)
  },
)
