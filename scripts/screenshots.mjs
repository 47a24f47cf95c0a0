// `make screenshots`: the live view as it is, in the demo's lab with real traffic, as docs/live-*.svg.
// A private tmux is the terminal; what stands in it is drawn with its colours.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { drawScreen } from './terminal-svg.mjs'

const COLUMNS = 140
const ROWS = 34
/** How long the screen may take to show what it should. */
const PATIENCE_MS = 60_000

/** Connections of the client: some that work, one that is refused, one that nobody answers. */
const TRAFFIC = `
import socket, threading, time
def server():
    s = socket.create_server(('127.0.0.1', 7000)); held = []
    while True:
        c, _ = s.accept(); held.append(c); c.sendall(b'x' * 20000)
threading.Thread(target=server, daemon=True).start()
time.sleep(1)
held = []
def dial(address, port):
    s = socket.socket(); s.settimeout(20)
    try:
        s.connect((address, port)); s.sendall(b'hello'); held.append(s)
    except OSError: pass
for port in (8443,): threading.Thread(target=dial, args=('10.9.8.2', port), daemon=True).start()
while True:
    dial('127.0.0.1', 7000)
    if len(held) > 4: held.pop(0).close()
    dial('10.9.8.2', 8080)
    time.sleep(1.5)
`

const folder = mkdtempSync(join(tmpdir(), 'socktrace-screen-'))
const server = `socktrace-screen-${process.pid}`
const tmux = (...args) => execFileSync('tmux', ['-L', server, ...args], { encoding: 'utf8' })

/** The screen with its colours, once it shows all of `texts`. */
async function screenWith(texts) {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const screen = tmux('capture-pane', '-p', '-e')
    const plain = screen.replace(/\x1b\[[0-9;]*m/g, '')
    if (texts.every((text) => plain.includes(text))) return screen
    if (performance.now() > end) throw new Error(`the screen never showed ${texts.join(', ')}:\n${plain}`)
    await pause(200)
  }
}

try {
  writeFileSync(join(folder, 'traffic.py'), TRAFFIC)
  writeFileSync(
    join(folder, 'session.sh'),
    `cd ${folder}; /usr/bin/python3 traffic.py & trap 'kill %1' EXIT\nsocktrace\n`,
  )
  const line = `COLORTERM=truecolor ${resolve('bin/socktrace')} demo --lab -- bash ${folder}/session.sh`
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), line)
  await screenWith(['SYN_SENT', 'refused', 'ESTABLISHED'])
  await pause(6000)
  const overview = await screenWith(['SYN_SENT', 'refused', 'ESTABLISHED'])
  writeFileSync('docs/live-view.svg', drawScreen(overview, COLUMNS, ROWS, 'socktrace'))
  // The connection that nobody answers, and what is known of it.
  tmux('send-keys', '-l', '/dport = :8443')
  tmux('send-keys', 'Enter')
  await screenWith(['1-1 of 1'])
  tmux('send-keys', 'Enter')
  const details = await screenWith(['timeout.dropped-in', 'try'])
  writeFileSync('docs/live-details.svg', drawScreen(details, COLUMNS, ROWS, 'socktrace'))
} finally {
  tmux('kill-server')
  rmSync(folder, { recursive: true })
}
