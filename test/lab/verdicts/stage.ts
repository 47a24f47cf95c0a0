import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Running } from '../../support/program.ts'
import type { Scenario } from './scenario.ts'
import { Lab, type Place, shell } from './topology.ts'

/** Not a version manager's shim, which takes ten times as long to start. */
export const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find(existsSync) ?? 'python3'
const FOLDER = 'test/lab/verdicts'

/** One line of a victim: what it did, and what it was told. */
export interface Told {
  readonly op: string
  readonly pid: number
  readonly error?: string | null
  readonly value?: unknown
}

/** A scenario's namespaces and programs. */
export class Stage {
  readonly lab: Lab
  readonly port: number
  readonly #scenario: Scenario
  readonly #number: number
  readonly #programs: Running[] = []
  #server: Running | undefined

  private constructor(lab: Lab, scenario: Scenario, number: number) {
    this.lab = lab
    this.#scenario = scenario
    this.#number = number
    this.port = 7000 + number
  }

  /** Namespaces made, the server listening, and what goes before done. */
  static async open(scenario: Scenario, number: number): Promise<Stage> {
    const stage = new Stage(await Lab.open(scenario.topology, number), scenario, number)
    try {
      await stage.#prepare()
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  async #prepare(): Promise<void> {
    const { setup = {}, server, before } = this.#scenario
    for (const [place, lines] of Object.entries(setup))
      await shell(
        `ip netns exec ${this.lab.namespace(place as Place)} sh -es <<'END'\n${this.fill(lines.join('\n'))}\nEND`,
      )
    if (server !== undefined) {
      this.#server = this.#victim('server', server)
      await this.#server.until('the server listens', ({ stdout }) => stdout.includes('"listen"'))
    }
    if (before !== undefined) {
      const client = this.#victim('client', before)
      await client.until('it is done', ({ stdout }) => stdout.includes('"done"'))
    }
  }

  /** Runs the client to its end; every line that it printed. */
  async play(): Promise<readonly Told[]> {
    const { forger, client } = this.#scenario
    if (forger !== undefined) {
      const running = this.start(forger.at, [...this.#raw, ...this.fill(forger.args).split(' ')])
      await running.until('the forger waits', ({ stdout }) => stdout.includes('ready'))
    }
    const victim = this.#victim('client', client)
    await victim.until('it is done', ({ stdout }) => stdout.includes('"done"'))
    return victim.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told)
  }

  /** A program in a place, ended with the stage. */
  start(place: Place, command: readonly string[]): Running {
    const running = new Running(this.lab.inside(place, command))
    this.#programs.push(running)
    return running
  }

  /** The client's packets come from no socket: no process has them. */
  get isRaw(): boolean {
    return this.#scenario.client.every((op) => !/^(connect|udp|lookup)/.test(op))
  }

  get serverPid(): number | undefined {
    return this.#server?.pid
  }

  /** `table`, `chain` and handle of the one rule in a place that drops or rejects. */
  async rule(place: Place): Promise<{ table: string; chain: string; handle: string }> {
    const text = await shell(this.lab.inside(place, ['nft', '-a', 'list', 'ruleset']).join(' '))
    const table = /^table \w+ (\w+)/m.exec(text)![1]!
    const chain = /^\tchain (\w+)/m.exec(text)![1]!
    const handle = /^\t\t.*\b(?:drop|reject)\b.*# handle (\d+)$/m.exec(text)![1]!
    return { table, chain, handle }
  }

  async close(): Promise<void> {
    for (const program of this.#programs) program.child.kill('SIGKILL')
    await Promise.all(this.#programs.map((program) => program.ended()))
    await this.lab.close()
  }

  #victim(place: 'client' | 'server', ops: readonly string[]): Running {
    return this.start(place, [PYTHON, `${FOLDER}/victim.py`, ...ops.map((op) => this.fill(op))])
  }

  get #raw(): string[] {
    return [PYTHON, `${FOLDER}/raw.py`]
  }

  /** A scenario's text with its names filled in. */
  fill(text: string): string {
    const { family } = this.#scenario
    const values: Readonly<Record<string, string>> = {
      $CNS: this.lab.namespace('client'),
      $SNS: this.lab.namespace('server'),
      $RNS: this.lab.namespace('router'),
      $SPID: `${this.#server?.pid}`,
      $RAW: this.#raw.join(' '),
      $ANY: family === 4 ? '0.0.0.0' : '::',
      $LOCAL: family === 4 ? '127.0.0.1' : '::1',
      $A: this.lab.address('server', family),
      $C: this.lab.address('client', family),
      $P: `${this.port}`,
      $N: `${this.#number}`,
    }
    return text.replaceAll(/\$[A-Z]+/g, (name) => values[name] ?? name)
  }
}

/** Resolves once `isThere` holds for what a program printed, or after `seconds`. */
export async function waitFor(
  running: Running,
  seconds: number,
  isThere: (running: Running) => boolean,
): Promise<void> {
  const late = delay(seconds * 1000, 'late', { ref: false })
  while (!isThere(running)) {
    const printed = running.until('it prints', isThere).catch(() => 'again')
    if ((await Promise.race([printed, late])) === 'late') return
    if (running.child.exitCode !== null) return
  }
}
