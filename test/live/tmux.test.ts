import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import stringWidth from 'string-width'
import { ip } from '../support/own-network.ts'
import { builtFile, repository } from '../support/program.ts'
import { type CapturedSegment, writeTcpCapture } from '../support/tcp-capture.ts'
import { Tmux } from '../support/tmux.ts'

import { checkRestored, client, FOOTER, lineOf, liveTest, PROGRAM, start, stty } from './lab.ts'

function pidOf(terminal: Tmux): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const isOurs = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('bin/socktrace')
      if (isOurs && readFileSync(`/proc/${name}/environ`, 'utf8').includes(terminal.folder))
        return Number(name)
    } catch {
      // Ended meanwhile.
    }
  }
  throw new Error('socktrace does not run')
}

liveTest('handshake, data and close of a real connection, with its processes', async () => {
  const started = await start()
  const { terminal } = started
  assert.equal(terminal.modes(), '1 0 1 0')
  const socket = await client()
  const { localPort } = socket
  const process = new RegExp(`\\S+\\[${globalThis.process.pid}\\]`)
  await terminal.until('the handshake', (screen) => /S▸ ◂SA A▸/.test(lineOf(screen, localPort)))
  const screen = await terminal.until('both ends', (text) => process.test(lineOf(text, localPort)))
  assert.match(screen, /handshake 1\/3 +connect\(\) sends SYN/)
  assert.match(screen, /handshake 3\/3/)
  socket.write('hello')
  await terminal.until('data', (text) => /A▸ ···/.test(lineOf(text, localPort)))
  socket.end()
  await terminal.until('the close', (text) => /···.* F▸ ◂(FA A▸|A ◂F A▸)/.test(lineOf(text, localPort)))
  terminal.keys('q')
  await checkRestored(started, 0)
})

liveTest('a refused connection is told in red letters, and stays', async () => {
  const started = await start()
  const socket = connect(9, '127.0.0.1')
  await once(socket, 'error')
  const screen = await started.terminal.until('the reset', (text) => /S▸ ◂RA/.test(text))
  assert.match(screen, /connect\(\) fails with ECONNREFUSED/)
  started.terminal.keys('q')
  await checkRestored(started, 0)
})

for (const [columns, rows] of [
  [80, 24],
  [200, 60],
] as const)
  liveTest(`every key on a real connection, ${columns}×${rows}`, async () => {
    const started = await start(columns, rows)
    const { terminal } = started
    const socket = await client()
    const { localPort } = socket
    await terminal.until('the connection', (screen) => /SA A▸/.test(lineOf(screen, localPort)))

    terminal.type('/')
    terminal.type(`sport = :${localPort} and`)
    await terminal.until('why it is no filter', (screen) =>
      /expected/.test(screen.trimEnd().split('\n').at(-1)!),
    )
    terminal.keys('C-w', 'Enter')
    await terminal.until('the filtered table', (screen) => /sockets 1-1 of 1 .*sport = /.test(screen))

    // A roomy terminal shows them from the start.
    if (!/details \[/.test(terminal.screen())) terminal.keys('Enter')
    await terminal.until(
      'the details',
      (screen) => /details \[ESTABLISHED\]/.test(screen) && /tcp +ts sack/.test(screen),
    )
    terminal.keys('Enter')
    await terminal.until('the ladder', (screen) => /0\.000000 │─+ \[S\] ─+▶│ +handshake 1\/3/.test(screen))
    terminal.keys('Escape')
    await terminal.until('the details again', (screen) => /details \[/.test(screen))

    terminal.keys('f')
    await terminal.until('the followed bytes', (screen) => /nothing was sent/.test(screen))
    socket.write('ping \u001b[31m\n')
    await terminal.until(
      'both sides',
      (screen) => /^▸ ping \\e\[31m/m.test(screen) && /^◂ echo ping/m.test(screen),
    )
    terminal.keys('Escape', 'Escape')
    await terminal.until('the table', (screen) => /events/.test(screen) && !/details \[/.test(screen))

    terminal.keys('e')
    await terminal.until('the choice', (screen) => /n NDJSON.* p pcapng/.test(screen))
    terminal.keys('n')
    await terminal.until('the file', (screen) => /written to socktrace-\S+ndjson/.test(screen))
    const [file] = readdirSync(terminal.folder).filter((name) => name.endsWith('.ndjson'))
    const types = readFileSync(join(terminal.folder, file!), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    assert.deepEqual(types.slice(0, 4), ['socket', 'event', 'event', 'event'])

    terminal.keys('e', 'p')
    await terminal.until('the packets', (screen) =>
      /written to socktrace-\S+pcapng: \d+ packets/.test(screen),
    )
    const [packets] = readdirSync(terminal.folder).filter((name) => name.endsWith('.pcapng'))
    const read = execFileSync(PROGRAM, ['read', '--flows', '--json', join(terminal.folder, packets!)])
    const flow = JSON.parse(read.toString().split('\n')[0]!) as { client: { port: number } }
    assert.equal(flow.client.port, localPort)
    // The handshake is still there: SYN, ACK, data of the client.
    assert.match(read.toString(), /"history":"ShA/)

    terminal.type('\\')
    await terminal.until('no filter', (screen) => !/sport = /.test(screen))
    for (const sort of ['state', 'local', 'remote', 'process', 'queues', 'bytes', 'recent']) {
      terminal.keys('s')
      await terminal.until(`sorted by ${sort}`, (screen) => screen.includes(`sort ${sort} ↓`))
    }
    terminal.keys('S')
    await terminal.until('the other way', (screen) => screen.includes('sort recent ↑'))
    terminal.keys('S')
    for (const grouping of ['process', 'listener', 'state']) {
      terminal.keys('g')
      await terminal.until(`groups by ${grouping}`, (screen) => screen.includes(`by ${grouping}`))
    }
    terminal.keys('Home', 'Enter')
    await terminal.until('a folded group', (screen) => /^▸ \S+ +\d+$/m.test(screen))
    terminal.keys('Enter', 'g', '?')
    await terminal.until('the help', (screen) => /one line up/.test(screen))
    terminal.keys('G')
    await terminal.until(
      'its end',
      (screen) => /handshake strip/.test(screen) && rows > 24 === /one line up/.test(screen),
    )
    terminal.keys('?', 'Space')
    await terminal.until('the pause', (screen) => /paused, 0 events wait/.test(screen))
    const another = await client()
    await terminal.until('events that wait', (screen) => /paused, [1-9]\d* events wait/.test(screen))
    assert.equal(lineOf(terminal.screen(), another.localPort), '')
    terminal.keys('Space')
    await terminal.until('the connection', (screen) => lineOf(screen, another.localPort) !== '')

    terminal.keys('Tab', 'k', 'k')
    await terminal.until('events that stand still', (screen) => /▸ events .*below, End follows/.test(screen))
    terminal.keys('End')
    await terminal.until('events that follow', (screen) => /▸ events .*following/.test(screen))
    terminal.keys('C-l', 'q')
    await checkRestored(started, 0)
  })

liveTest('K closes the selected socket, after y', async () => {
  const started = await start()
  const { terminal } = started
  const socket = await client()
  await terminal.until('the connection', (screen) => /ESTABLISHED/.test(lineOf(screen, socket.localPort)))
  terminal.type(`/sport = :${socket.localPort}\n`)
  await terminal.until('it alone', (screen) => /sockets 1-1 of 1/.test(screen))
  // It needs the socket itself, which the next listing brings.
  await terminal.until('its socket', (screen) => /kernel ESTABLISHED/.test(screen))
  terminal.keys('K')
  await terminal.until('the question', (screen) => /Close 127.0.0.1:\d+ → .*\[y\/N\]/.test(screen))
  terminal.keys('n')
  await terminal.until('nothing', (screen) => /nothing is closed/.test(screen))
  assert.equal(socket.destroyed, false)
  const failed = once(socket, 'error')
  terminal.keys('K', 'y')
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNABORTED')
  terminal.keys('q')
  await checkRestored(started, 0)
})

liveTest('resized in the middle of traffic: every line whole, columns come and go', async () => {
  const started = await start(80, 24)
  const { terminal } = started
  const socket = await client()
  const traffic = setInterval(() => socket.write('x'), 5)
  try {
    for (const [columns, rows] of [
      [200, 60],
      [90, 30],
      [30, 8],
      [120, 40],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows)
      const fits = columns >= 40
      const screen = await terminal.until(`a screen of ${columns}×${rows}`, (text) => {
        const lines = text.trimEnd().split('\n')
        if (!fits) return /at least/.test(lines[0]!)
        return lines.length === rows && FOOTER.test(lines.at(-1)!) && /Recv-Q/.test(text) === columns >= 110
      })
      for (const line of screen.split('\n')) assert.ok(stringWidth(line) <= columns)
      if (fits) assert.match(screen, /^socktrace/)
    }
  } finally {
    clearInterval(traffic)
  }
  terminal.keys('q')
  await checkRestored(started, 0)
})

const ENDINGS: readonly (readonly [name: string, end: (terminal: Tmux) => void, code: number])[] = [
  ['Ctrl-C', (terminal) => terminal.keys('C-c'), 0],
  ['SIGTERM', (terminal) => process.kill(pidOf(terminal), 'SIGTERM'), 0],
  ['SIGINT', (terminal) => process.kill(pidOf(terminal), 'SIGINT'), 0],
  ['SIGHUP', (terminal) => process.kill(pidOf(terminal), 'SIGHUP'), 0],
]

for (const [name, end, code] of ENDINGS)
  liveTest(`${name} leaves the terminal as it was`, async () => {
    const started = await start()
    end(started.terminal)
    await checkRestored(started, code)
  })

liveTest('the end of its time leaves the terminal as it was', async () => {
  const started = await start(120, 40, '--duration 1s')
  await checkRestored(started, 0)
})

liveTest('an interface that vanishes ends it with exit code 4, and the reason', async () => {
  ip('link add skvlive0 type veth peer name skvlive1')
  ip('link set skvlive0 up')
  const started = await start(120, 40, '-i skvlive0')
  ip('link delete skvlive0')
  const screen = await started.terminal.until('the end', (text) => /^ended: /m.test(text))
  assert.match(screen, /skvlive0/)
  await checkRestored(started, 4)
})

liveTest('an error while drawing leaves the terminal as it was', async () => {
  const terminal = new Tmux(100, 30)
  await terminal.prompt()
  const before = await stty(terminal)
  const command = `cd ${resolve('.')} && node --import tsx ${resolve('test/live/crashing.mjs')}; echo ended: $?`
  terminal.type(`${command}\n`)
  const screen = await terminal.until('the end', (text) => /^ended: /m.test(text))
  assert.match(screen, /caught: drawn badly/)
  await checkRestored({ terminal, before }, 0)
})

liveTest('Ctrl-Z gives the terminal back, fg takes it again', async () => {
  const started = await start()
  const { terminal } = started
  terminal.keys('C-z')
  await terminal.until('the shell', (screen) => /Stopped/.test(screen))
  assert.equal(terminal.modes(), '0 1 0 1')
  terminal.type('fg\n')
  await terminal.until('the live view', (screen) => FOOTER.test(screen) && /LISTEN/.test(screen))
  assert.equal(terminal.modes(), '1 0 1 0')
  terminal.keys('q')
  await terminal.until('the end', () => terminal.modes() === '0 1 0 1')
  assert.equal(await stty(terminal), started.before)
})

liveTest('a terminal without Unicode gets ASCII; NO_COLOR gets no colour', async () => {
  const started = await start(100, 30, '', { LANG: 'C', LC_ALL: 'C', NO_COLOR: '1' })
  const { terminal } = started
  const socket = await client()
  const screen = await terminal.until('the handshake', (text) =>
    /S> <SA A>/.test(lineOf(text, socket.localPort)),
  )
  assert.match(screen, /^[\n -~]*$/)
  terminal.keys('q')
  await checkRestored(started, 0)
})

liveTest('without the privilege to capture the sockets are there, and what is missing', async () => {
  const terminal = new Tmux(200, 40)
  await terminal.prompt()
  const before = await stty(terminal)
  const bounded = 'setpriv --bounding-set=-all --inh-caps=-all --reuid=65534 --regid=65534 --clear-groups'
  terminal.type(`${bounded} ${PROGRAM}; echo ended: $?\n`)
  await terminal.until(
    'what is missing',
    (text) => /⊘ wire .*packets are not watched: .*run it with sudo/.test(text) && /LISTEN/.test(text),
  )
  const socket = await client()
  await terminal.until('a new socket', (text) => /ESTABLISHED/.test(lineOf(text, socket.localPort)))
  terminal.keys('q')
  await checkRestored({ terminal, before }, 0)
})

const OPENED: readonly CapturedSegment[] = [
  ['client', 'S', 0, 0],
  ['server', 'S.', 0, 1],
]
const OPENED_AND_CLOSED: readonly CapturedSegment[] = [
  ...OPENED,
  ['client', '.', 1, 1],
  ['client', 'F.', 1, 1],
  ['server', '.', 1, 2],
  ['server', 'F.', 1, 2],
  ['client', '.', 2, 2],
]
const REFUSED: readonly CapturedSegment[] = [
  ['client', 'S', 0, 0],
  ['server', 'R.', 0, 1],
]

/** What the live view's clock says, seconds. */
function played(screen: string): number {
  return Number(/^.{1,20}? ([\d.]+) s of [\d.]+ s, \d+ %/m.exec(screen)?.[1])
}

liveTest('read --live: a file played, stepped through and sought in', async () => {
  const terminal = new Tmux(120, 40)
  const file = join(terminal.folder, 'played.pcapng')
  // A packet a second, ten seconds: opened and closed, refused, opened.
  writeTcpCapture(file, [OPENED_AND_CLOSED, REFUSED, OPENED], { clientPort: 1000, apart: 1000 })
  await terminal.prompt()
  const before = await stty(terminal)
  terminal.type(`${PROGRAM} read --live ${file}; echo ended: $?\n`)
  await terminal.until('the first handshake', (screen) => /:1000 .*S▸ ◂SA A▸/.test(screen))
  terminal.keys('Space')
  const paused = await terminal.until('a pause', (screen) => /^⏸/m.test(screen))
  assert.ok(played(paused) <= 10)
  terminal.keys('0')
  await terminal.until('the beginning', (screen) => played(screen) === 0 && /events 1 /.test(screen))
  for (const step of ['handshake 2/3', 'handshake 3/3', 'close 1/4']) {
    terminal.keys('.')
    const screen = await terminal.until(step, (text) => text.includes(step))
    assert.match(screen, /^⏸/m)
  }
  terminal.keys('9')
  await terminal.until('90 %', (screen) => /, 90 %/.test(screen) && /reset/.test(screen))
  terminal.keys('<', '<', '<')
  // What was played before stays on the screen until it is played again.
  const isBack = /, 75 %[\s\S]*:1001 .* S▸/
  await terminal.until('75 %', (screen) => isBack.test(screen) && !screen.includes('reset'))
  terminal.keys('$')
  await terminal.until('the verdict', (screen) => /^the end/m.test(screen) && /refused\./.test(screen))
  terminal.keys('+', '0', 'Space')
  await terminal.until('twice as fast', (screen) => /▶ ×2/.test(screen))
  terminal.keys('?')
  await terminal.until('the help', (screen) => /on to the next event/.test(screen))
  terminal.keys('q')
  await checkRestored({ terminal, before }, 0)
})

liveTest('read --live: what is damaged is said on the screen and after it; exports do not meet', async () => {
  const terminal = new Tmux(160, 40)
  const whole = join(terminal.folder, 'whole.pcapng')
  const file = join(terminal.folder, 'cut.pcapng')
  writeTcpCapture(whole, [OPENED_AND_CLOSED, REFUSED], { clientPort: 1000, apart: 1 })
  const bytes = readFileSync(whole)
  writeFileSync(file, bytes.subarray(0, bytes.length - 5))
  await terminal.prompt()
  const before = await stty(terminal)
  terminal.type(`${PROGRAM} read --live ${file}; echo ended: $?\n`)
  await terminal.until(
    'the damage, and what came before it',
    (screen) => /the end.*damaged at byte \d+: /.test(screen) && screen.includes('details [SYN_SENT]'),
  )
  // Its time does not change at the end: the second file needs another name.
  for (const name of [/written to socktrace-1001-80-[-\dT]+\d{6}\.ndjson/, /written to \S+\d{6}-2\.ndjson/]) {
    terminal.keys('e', 'n')
    await terminal.until(String(name), (screen) => name.test(screen))
  }
  terminal.keys('q')
  const told = /^socktrace: damaged at byte \d+: .*everything before was analysed$/m
  await terminal.until('the damage, after it', (screen) => told.test(screen))
  await checkRestored({ terminal, before }, 0)
})

test('read --live without a terminal says what to do', () => {
  const { status, stderr } = spawnSync(builtFile(repository), ['read', '--live', 'x.pcap'], {
    encoding: 'utf8',
  })
  assert.equal(status, 2)
  assert.match(stderr, /--live needs a terminal/)
})

liveTest('in a pipe it stays lines of text', async () => {
  const terminal = new Tmux(100, 30)
  const file = join(terminal.folder, 'lines')
  await terminal.prompt()
  terminal.type(`${PROGRAM} --duration 1s > ${file}; echo ended: $?\n`)
  await terminal.until('the end', (screen) => /^ended: 0/m.test(screen))
  assert.ok(existsSync(file))
  assert.match(readFileSync(file, 'utf8'), /^Netid +State/)
})
