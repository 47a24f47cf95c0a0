import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before } from 'node:test'
import { enterOwnNetwork } from '../support/own-network.ts'
import { builtFile, repository } from '../support/program.ts'
import { isRoot, rootTest } from '../support/root.ts'
import { Tmux } from '../support/tmux.ts'

export const PROGRAM = isRoot ? builtFile(repository) : ''
/** The capture is open, or it is known that it cannot be. */
export const WATCHED = /[●⊘*-] wire/
export const FOOTER = /\? help q quit *$/m

let server: Server
const open = new Set<Socket>()
let port: number

/** Port of the server that answers what it is sent. */
export function serverPort(): number {
  return port
}

before(async () => {
  if (!isRoot) return
  enterOwnNetwork()
  server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => socket.write(`echo ${bytes}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as { port: number }).port
})

after(() => {
  for (const socket of open) socket.destroy()
  server?.close()
})

/** A test of which no terminal is left. */
export function liveTest(name: string, body: () => Promise<void>): void {
  rootTest(name, async () => {
    try {
      await body()
    } finally {
      Tmux.closeAll()
    }
  })
}

export async function client(): Promise<Socket & { localPort: number }> {
  const socket = connect(port, '127.0.0.1')
  open.add(socket)
  await once(socket, 'connect')
  return socket as Socket & { localPort: number }
}

/** The table's line of the connection that begins at `local`. */
export function lineOf(screen: string, local: number): string {
  return (
    screen.split('\n').find((line) => new RegExp(`:${local}\\s.*:\\d+\\s`).test(line) && !/→/.test(line)) ??
    ''
  )
}

export interface Started {
  readonly terminal: Tmux
  readonly before: string
}

/** A terminal with the live view open; `stty` as it was. */
export async function start(
  columns = 120,
  rows = 40,
  options = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const terminal = new Tmux(columns, rows, environment)
  await terminal.prompt()
  const before = await stty(terminal)
  terminal.type(`${PROGRAM} ${options}; echo ended: $?\n`)
  await terminal.until(
    'the live view',
    (screen) => FOOTER.test(screen) && /LISTEN/.test(screen) && WATCHED.test(screen),
  )
  return { terminal, before }
}

let asked = 0

/** The terminal's settings, asked for at the prompt. */
export async function stty(terminal: Tmux): Promise<string> {
  const mark = `settings-${asked++}`
  terminal.keys('C-u')
  terminal.type(`clear; echo ${mark} $(stty -g) end\n`)
  const screen = await terminal.until('stty', (text) =>
    new RegExp(`^${mark} [\\s\\S]*\\send`, 'm').test(text),
  )
  return new RegExp(`^${mark} ([\\s\\S]*?)\\send`, 'm').exec(screen)![1]!.replaceAll('\n', '')
}

/** The shell is back, on its own screen, with a terminal as before. */
export async function checkRestored({ terminal, before }: Started, code: number): Promise<void> {
  const screen = await terminal.until('the end', (text) => /^ended: /m.test(text))
  assert.match(screen, new RegExp(`^ended: ${code}$`, 'm'))
  assert.equal(terminal.modes(), '0 1 0 1')
  assert.equal(await stty(terminal), before)
}
