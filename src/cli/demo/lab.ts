import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { ADDRESSES, Lab } from '../../host/lab.ts'
import { selfCommand } from '../../host/process/self-command.ts'
import { isRealRoot } from '../../host/user-namespace.ts'
import { wrap } from '../../render/wrap.ts'
import { EXIT, type ExitCode, UserError } from '../../user-error.ts'
import type { Io } from '../io.ts'
import { Actor } from './actor.ts'
import { dropAtServer } from './firewall.ts'

/** Two services that do not work, each for a reason of its own (docs/tutorial.md finds out which). */
const ORDERS = { name: 'orders-api', port: 8080, host: '127.0.0.1' }
const BILLING = { name: 'billing-api', port: 8443, host: '0.0.0.0' }

/**
 * The demo's lab with two broken services, and a shell (or `command`) on the client's host in it. Ends with it, and
 * with its exit status; nothing is left behind.
 */
export async function runLab(command: readonly string[], io: Io): Promise<void> {
  const lab = Lab.create()
  const servers: ChildProcess[] = []
  try {
    for (const { name, port, host } of [ORDERS, BILLING]) {
      const { file, prefix } = selfCommand()
      const server = lab.spawn('server', file, [...prefix, 'demo', '__puppet', name], { stdio: 'pipe' })
      servers.push(server)
      await new Actor(server).call('listen', port, host)
    }
    dropAtServer(lab, BILLING.port)
    if (command.length === 0) introduce(io)
    process.exitCode = await visit(lab, command.length === 0 ? [io.env['SHELL'] ?? '/bin/sh'] : command, io)
  } finally {
    for (const server of servers) server.kill('SIGKILL')
    lab.close()
  }
}

function introduce(io: Io): void {
  const { server } = ADDRESSES
  const text =
    `This shell runs on a client's host (${ADDRESSES.client}) in a network of its own. Two services on ${server} do ` +
    `not work: ${ORDERS.name} on port ${ORDERS.port} and ${BILLING.name} on port ${BILLING.port}. Which of them ` +
    `refuses, which times out, and why? Try \`socktrace connect ${server}:${ORDERS.port}\`; \`exit\` ends the lab.` +
    (isRealRoot() ? " The shell is root's: it has a network of its own, but the files of this machine." : '')
  io.write(`${wrap(text, io.columns)}\n`)
  io.flush()
}

/** Runs a program at the client with this terminal; resolves with its exit status, as a shell has it. */
async function visit(lab: Lab, [file, ...args]: readonly string[], io: Io): Promise<ExitCode> {
  const own = dirname(process.argv[1] ?? process.execPath)
  const child = lab.spawn('client', file!, args, {
    stdio: 'inherit',
    // `socktrace` is this very program there.
    env: { ...io.env, PATH: `${own}:${io.env['PATH'] ?? ''}` },
  })
  // Ctrl-C is for the program inside.
  const ignore = (): void => {}
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal)
  process.on('SIGINT', ignore).on('SIGTERM', forward).on('SIGHUP', forward)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return (signal === null ? code! : 128 + constants.signals[signal]) as ExitCode
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(`Cannot run ${JSON.stringify(file)} in the lab: ${code}`, {
      hint: 'name a program that is there',
      exitCode: EXIT.usage,
      cause: error,
    })
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', forward).off('SIGHUP', forward)
  }
}
