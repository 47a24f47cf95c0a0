import { setTimeout as delay } from 'node:timers/promises'
import type { PlaneName } from '../../../src/diagnose/verdict.ts'
import { recorder } from '../recorder/record.ts'
import { problemsOf } from './judge.ts'
import { cleanUp, type Engine, type Lack, Observer } from './observer.ts'
import type { Hearing } from './rule-files.ts'
import type { Scenario, Sight, Vantage } from './scenario.ts'
import { Stage, type Told, waitFor } from './stage.ts'

const PLANES: readonly PlaneName[] = ['wire', 'socket', 'process', 'kernel']
/** Seconds within which a verdict comes once its connection has ended; for two it may wait for another attempt. */
const PATIENCE = 5
/** Seconds more for those that lack a plane. */
const GRACE = 1.5

/** What was said of one scenario. */
export interface Played {
  readonly problems: readonly string[]
  readonly hearings: readonly Hearing[]
}

interface Wanted {
  /** Every plane is taken away in turn, not only the one that the verdict rests on. */
  readonly every: boolean
  /** Where it is not the one that is taken by itself, nothing is taken away. */
  readonly engine?: Engine
  /** Of the kernel's records some are not told: nothing is taken away beside. */
  readonly isLossy?: boolean
}

/**
 * Plays one scenario once, before every observer at the same time: at each vantage one with all planes, and one
 * for each plane taken away and the packets alone, from a file (`every`), or without the plane that the verdict
 * rests on. Gives what is wrong, and what the rules said of what was judged rightly.
 */
export async function run(
  scenario: Scenario,
  number: number,
  { every, engine = 'auto', isLossy = false }: Wanted,
): Promise<Played> {
  const programs = { recorder: await recorder(isLossy), engine }
  const stage = await Stage.open(scenario, number)
  const sights = Object.entries(scenario.seen) as [Vantage, Sight][]
  const observers: Observer[] = []
  try {
    for (const [vantage, sight] of sights)
      for (const lack of engine === 'auto' && !isLossy ? lacksOf(sight, every) : (['nothing'] as const))
        observers.push(new Observer(stage, vantage, lack, programs))
    await Promise.all(observers.map((observer) => observer.ready()))
    const told = await stage.play()
    await Promise.all(observers.map((observer) => settled(observer, scenario)))
    if (every) await Promise.all(observers.map(saidSomething))
    // Those that wait for nothing else: a moment in which a verdict that should not come would come.
    if (sights.some(([, { verdict }]) => verdict === 'none')) await delay(300)
    for (const { running } of observers) running.child.kill('SIGINT')
    const exits = await Promise.all(observers.map((observer) => observer.ended()))
    const failed = observers.filter((_, n) => !exits[n]).map(({ running }) => running.stderr)
    const problems = [
      // A crowd that made them wait is no fault of what was said.
      ...(isLossy ? failed.filter((text) => /Error/.test(text)) : [...failed, ...wrongErrno(scenario, told)]),
      ...(await compared(scenario, stage, told, observers, { every, isLossy })),
    ]
    return { problems, hearings: observers.flatMap((observer) => hearingsOf(scenario, observer)) }
  } finally {
    await stage.close()
    cleanUp(observers)
  }
}

/** The rules that spoke on the evidence of the verdict that was given in the end, with all planes. */
function hearingsOf(scenario: Scenario, { lack, vantage, verdicts, judged }: Observer): Hearing[] {
  const sight = scenario.seen[vantage]!
  const given = verdicts.findLast(({ verdict }) => sight.verdict.includes(verdict))
  if (lack !== 'nothing' || given === undefined) return []
  const last = judged.findLast(
    ({ client, spoke }) => client.port === given.client.port && spoke[0]?.[1] === given.verdict,
  )
  return last === undefined ? [] : [{ scenario, sight, vantage, spoke: last.spoke }]
}

function lacksOf({ verdict, restsOn }: Sight, every: boolean): readonly Exclude<Lack, 'file'>[] {
  if (verdict === 'none') return ['nothing']
  return ['nothing', ...(every ? PLANES : [restsOn])]
}

/** Until the one with all planes has said what it has to say; the others may have nothing to say. */
async function settled({ vantage, lack, running }: Observer, scenario: Scenario): Promise<void> {
  const { verdict, final } = scenario.seen[vantage]!
  if (lack !== 'nothing' || verdict === 'none') return
  const said = final === true ? /"final":true/ : /"type":"verdict"/
  await waitFor(running, scenario.patience ?? PATIENCE, ({ stdout }) => said.test(stdout))
}

/** On a machine with many programs that watch, some come to it a moment later than others; or have nothing to say. */
async function saidSomething({ running }: Observer): Promise<void> {
  await waitFor(running, GRACE, ({ stdout }) => stdout.includes('"type":"verdict"'))
}

/** The lab itself: the victim was told what the scenario is about. */
function wrongErrno({ name, errno }: Scenario, told: readonly Told[]): string[] {
  // A reset within connect() is told by connect(); what is done to that socket then says ENOTCONN.
  const last = told
    .map(({ error }) => error)
    .findLast((error) => error !== undefined && error !== null && error !== 'ENOTCONN')
  return (last ?? null) === errno ? [] : [`${name}: the client was told ${last}, not ${errno}`]
}

async function compared(
  scenario: Scenario,
  stage: Stage,
  told: readonly Told[],
  observers: readonly Observer[],
  { every, isLossy = false }: Wanted,
): Promise<string[]> {
  const problems: string[] = []
  for (const observer of observers) {
    const { vantage, lack } = observer
    const sight = scenario.seen[vantage]!
    const rule = sight.rule === undefined ? {} : { rule: await stage.rule(sight.rule) }
    const common = { scenario, stage, told, vantage, sight, isLossy, ...rule }
    problems.push(...problemsOf({ ...common, lack, printed: observer.verdicts }))
    if (lack === 'nothing' && every)
      problems.push(...problemsOf({ ...common, lack: 'file', printed: await observer.verdictsOfFile() }))
  }
  return problems
}
