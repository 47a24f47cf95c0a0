import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace } from '../support/namespace.ts'
import { builtFile, Running, repository, runCommand } from '../support/program.ts'
import { EXPECTED, RULES } from './connections-plan.ts'

const SOURCE = ['--import', 'tsx'] as const
const SETTLED_WITHIN_MS = 20_000

/** More than 600 connections of real programs in a network namespace, every lasting TCP state among them. */
export class ConnectionsLab {
  readonly #namespace = new Namespace('sockets')
  readonly #programs: Running[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'socktrace-sockets-'))

  /** Made anew once where a crowded machine keeps its connections from their states. */
  static async open(attempts = 2): Promise<ConnectionsLab> {
    const lab = new ConnectionsLab()
    try {
      await lab.#start()
    } catch (error) {
      await lab.close()
      if (attempts === 1) throw error
      return await ConnectionsLab.open(attempts - 1)
    }
    return lab
  }

  async #start(): Promise<void> {
    // Loopback would give the ports of TIME_WAIT to new connections after a second.
    this.run(['sh', '-c', `echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse; nft '${RULES}'`])
    await this.#program('server')
    const stopped = await this.#program('stopped')
    // `ip netns exec` becomes the program: its pid is the program's.
    process.kill(stopped.pid, 'SIGSTOP')
    await this.#program('client')
    await this.#settled()
  }

  #program(role: string): Promise<Running> {
    return this.start([process.execPath, ...SOURCE, 'test/lab/connections.ts', role, this.#folder])
  }

  /** A program inside that prints `ready` and runs until the lab is closed. */
  async start(command: readonly string[]): Promise<Running> {
    const program = new Running(this.#namespace.inside(command))
    this.#programs.push(program)
    await program.until('it is ready', ({ stdout }) => stdout.includes('ready'))
    return program
  }

  /** The last FINs and ACKs are still on their way when the programs are ready. */
  async #settled(): Promise<void> {
    const limit = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      const states = this.run(['ss', '-tanH'])
        .split('\n')
        .map((line) => line.split(' ')[0]!)
      const unsettled = Object.entries(EXPECTED)
        .map(([state, count]) => ({
          state,
          count,
          seen: states.filter((name) => sameState(name, state)).length,
        }))
        .filter(({ count, seen }) => seen !== count)
      if (unsettled.length === 0) return
      if (Date.now() > limit) throw new Error(`The lab does not settle: ${JSON.stringify(unsettled)}`)
      await new Promise((later) => setTimeout(later, 20))
    }
  }

  /** What a command prints inside the namespace; throws when it fails. */
  run(command: readonly string[]): string {
    const { status, stdout, stderr } = runCommand(this.#namespace.inside(command))
    if (status !== 0) throw new Error(`${command.join(' ')}: ${status} ${stderr}`)
    return stdout
  }

  /** `socktrace list` inside; `as` is a command that runs the rest as somebody else. */
  list(args: readonly string[], as: readonly string[] = []): string {
    return this.run([...as, builtFile(repository), 'list', '-q', ...args])
  }

  async close(): Promise<void> {
    for (const program of this.#programs) await program.stop('SIGKILL')
    this.#namespace.close()
    rmSync(this.#folder, { recursive: true })
  }
}

/** ss writes `ESTAB` and `FIN-WAIT-1`. */
function sameState(ss: string, state: string): boolean {
  return ss.replaceAll('-', '') === state.replaceAll('_', '') || (ss === 'ESTAB' && state === 'ESTABLISHED')
}
