import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlaneName, Verdict } from '../../../src/diagnose/verdict.ts'
import { builtFile, ndjson, Running, repository } from '../../support/program.ts'
import type { Judged } from '../recorder/record.ts'
import type { Vantage } from './scenario.ts'
import { PYTHON, type Stage } from './stage.ts'

/** A verdict as `--json` prints it. */
export type Printed = Omit<Verdict, 'at'> & {
  readonly type: string
  readonly server: Verdict['server'] & { readonly name?: string }
}

/** What is taken away: nothing, one plane, or all but the packets of a file. */
export type Lack = 'nothing' | PlaneName | 'file'

/** What captures the packets. */
export type Engine = 'auto' | 'cap'

/** One socktrace at one place, with all planes or without one. */
export class Observer {
  readonly vantage: Vantage
  readonly lack: Exclude<Lack, 'file'>
  readonly running: Running
  /** The packets it saw, where all planes were watched. */
  readonly file: string
  /** What its rules said, where all planes were watched. */
  readonly record: string

  /** `recorder`: the program that writes down what its rules say. */
  constructor(
    stage: Stage,
    vantage: Vantage,
    lack: Exclude<Lack, 'file'>,
    { recorder, engine }: { readonly recorder: string; readonly engine: Engine },
  ) {
    this.vantage = vantage
    this.lack = lack
    this.file = join(tmpdir(), `skl-${process.pid}-${stage.port}-${vantage}.pcapng`)
    this.record = `${this.file}.judged`
    const program =
      lack === 'nothing'
        ? ['env', `SOCKTRACE_JUDGED=${this.record}`, process.execPath, recorder]
        : [PYTHON, 'test/lab/verdicts/without.py', lack, builtFile(repository)]
    this.running = stage.start(vantage, [
      ...program,
      'trace',
      '--failures',
      '--json',
      '-B',
      '4',
      '--engine',
      engine,
      ...(lack === 'nothing' ? ['-w', this.file] : []),
    ])
  }

  async ready(): Promise<void> {
    await this.running.until('it watches', ({ stderr }) => stderr.includes('listening'))
  }

  /** Waits for its end; true when it ended as it should. */
  async ended(): Promise<boolean> {
    return (await this.running.ended()) === 0
  }

  /** Verdicts printed so far; a line that is not whole yet is left out. */
  get verdicts(): Printed[] {
    return verdictsIn(this.running.stdout)
  }

  /** What every rule said of whatever was judged, in order of time. */
  get judged(): Judged[] {
    return existsSync(this.record) ? ndjson<Judged>(readFileSync(this.record, 'utf8')) : []
  }

  /** What the packets alone say: the same from the file that was written. */
  async verdictsOfFile(): Promise<Printed[]> {
    const read = new Running([builtFile(repository), 'read', '--failures', '--json', this.file])
    const status = await read.ended()
    if (status !== 0) throw new Error(`read: ${status} ${read.stderr}`)
    return verdictsIn(read.stdout)
  }
}

/** Removes what the observers wrote. */
export function cleanUp(observers: readonly Observer[]): void {
  for (const { file, record } of observers) for (const path of [file, record]) rmSync(path, { force: true })
}

function verdictsIn(text: string): Printed[] {
  return ndjson<Printed>(text.slice(0, text.lastIndexOf('\n') + 1)).filter(({ type }) => type === 'verdict')
}
