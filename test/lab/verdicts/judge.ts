import type { PlaneName, VerdictName } from '../../../src/diagnose/verdict.ts'
import type { Lack, Printed } from './observer.ts'
import { LESS_SPECIFIC, type Scenario, type Sight, type Vantage } from './scenario.ts'
import type { Stage, Told } from './stage.ts'

const PLANES: readonly PlaneName[] = ['wire', 'socket', 'process', 'kernel']

/** What was played, and what an observer said of it. */
export interface Sighting {
  readonly scenario: Scenario
  readonly stage: Stage
  readonly told: readonly Told[]
  readonly vantage: Vantage
  readonly sight: Sight
  readonly lack: Lack
  /** Any record of the kernel may be missing: only what is wrong counts, not what is less. */
  readonly isLossy: boolean
  readonly printed: readonly Printed[]
  readonly rule?: { readonly table: string; readonly chain: string; readonly handle: string }
}

/** Every way in which what was said is not what a user must be told; empty when all is well. */
export function problemsOf(sighting: Sighting): string[] {
  const { scenario, stage, vantage, lack } = sighting
  const where = `${scenario.name} [${vantage}, without ${lack}]`
  const extras = scenario.extras && stage.fill(scenario.extras)
  // A verdict that was not final is replaced by the next one of the same connection.
  const latest = new Map<string, Printed>()
  for (const verdict of sighting.printed)
    if (verdict.client.addr !== extras) latest.set(keyOf(verdict), verdict)
  const problems = [...judged(sighting, [...latest.values()])]
  for (const verdict of sighting.printed)
    if (verdict.final && verdict !== latest.get(keyOf(verdict)) && verdict.client.addr !== extras)
      problems.push(`${verdict.verdict} was final, yet another followed`)
  return problems.map((problem) => `${where}: ${problem}`)
}

function keyOf({ client, server, proto }: Printed): string {
  return `${proto} ${client.addr} ${client.port} ${server.addr} ${server.port}`
}

function* judged(sighting: Sighting, latest: readonly Printed[]): Iterable<string> {
  const allowed = allowedOf(sighting)
  const [verdict, ...more] = latest
  for (const another of more) yield `also ${describe(another)}`
  if (verdict === undefined) {
    if (!allowed.includes('none')) yield `no verdict, not ${allowed.join(' or ')}`
    return
  }
  if (!allowed.includes(verdict.verdict)) {
    yield `${describe(verdict)}, not ${allowed.join(' or ')}`
    return
  }
  if (!sighting.isLossy) yield* wrongPlanes(sighting.lack, verdict)
  yield* wrongEnds(sighting, verdict)
  if (sighting.lack === 'nothing' && !sighting.isLossy) yield* wrongDetails(sighting, verdict)
}

function describe({ verdict, error, final, summary, evidence }: Printed): string {
  const planes = evidence.map(({ plane, status, detail }) => `${plane} ${status}: ${detail}`)
  return `${verdict} ${error} final=${final} «${summary}» (${planes.join('; ')})`
}

function allowedOf({
  sight,
  lack,
  isLossy,
}: Pick<Sighting, 'sight' | 'lack' | 'isLossy'>): readonly (VerdictName | 'none')[] {
  if (sight.verdict === 'none') return ['none']
  if (isLossy)
    return [...sight.verdict, ...allowedOf({ sight, lack: 'kernel', isLossy: false }), 'none', 'inconclusive']
  if (lack === 'nothing') return sight.verdict
  const less = sight.verdict.flatMap((name) => LESS_SPECIFIC[name] ?? [])
  const own = sight.without?.[lack]
  // Without packets what is not in the kernel plane is not there at all.
  const none = lack === 'wire' ? (['none'] as const) : []
  if (own !== undefined) return [...(lack === 'file' ? [] : sight.verdict), ...own, ...none, 'inconclusive']
  if (lack !== 'file') return [...sight.verdict, ...less, ...none, 'inconclusive']
  const whole = sight.restsOn === 'wire' ? sight.verdict : (sight.without?.[sight.restsOn] ?? [])
  return [...whole, ...less, 'inconclusive', ...(sight.restsOn === 'wire' ? [] : (['none'] as const))]
}

/** Each plane speaks once, and one that was taken away says nothing; the kernel's word alone still names processes. */
function* wrongPlanes(lack: Lack, { evidence, process = {} }: Printed): Iterable<string> {
  const isTraced = Object.values(process).every(({ attribution }) => attribution === 'tracepoint')
  const named = evidence.map(({ plane }) => plane)
  if (named.join() !== PLANES.join()) yield `planes ${named.join()}`
  for (const { plane, status, detail } of evidence) {
    const gone = lack === 'file' ? plane !== 'wire' : lack === plane
    if (plane === 'process' && lack === 'process' && status === 'seen' && isTraced) continue
    if (gone && status !== 'not_watched') yield `${plane} was away but says ${detail}`
    if (lack === 'nothing' && status === 'not_watched') yield `${plane} not watched: ${detail}`
  }
}

/** Ports, processes and errno are those of the programs themselves. */
function* wrongEnds(
  { scenario, stage, told, vantage, sight, lack, isLossy }: Sighting,
  verdict: Printed,
): Iterable<string> {
  const port = told
    .filter(({ op }) => op === 'connect')
    .map(({ value }) => value)
    .find((value) => Array.isArray(value))?.[1]
  if (verdict.server.port !== stage.port) yield `server port ${verdict.server.port}, not ${stage.port}`
  if (port !== undefined && verdict.client.port !== port)
    yield `client port ${verdict.client.port}, not ${port}`
  const errors = sight.error ?? [scenario.errno]
  const error = verdict.error ?? null
  if (!errors.includes(error) && !((lack !== 'nothing' || isLossy) && error === null))
    yield `error ${error}, not ${errors.join(' or ')}`
  const { client, server } = verdict.process ?? {}
  const pid = told.find((line) => line.pid !== undefined)?.pid
  if (client !== undefined && client.pid !== pid && !stage.isRaw) yield `client pid ${client.pid}, not ${pid}`
  if (server !== undefined && server.pid !== stage.serverPid)
    yield `server pid ${server.pid}, not ${stage.serverPid}`
  const isWhole = lack === 'nothing' && !isLossy
  if (isWhole && vantage === 'client' && client === undefined && !stage.isRaw)
    yield 'the client process is not named'
}

function* wrongDetails({ stage, sight, rule }: Sighting, verdict: Printed): Iterable<string> {
  if (sight.final !== undefined && verdict.final !== sight.final) yield `final is ${verdict.final}`
  if (sight.confidence !== undefined && verdict.confidence !== sight.confidence)
    yield `confidence ${verdict.confidence}, not ${sight.confidence}`
  for (const [plane, wanted] of Object.entries(sight.evidence ?? {})) {
    const { detail } = verdict.evidence.find((finding) => finding.plane === plane) ?? { detail: '' }
    if (!wanted.test(detail)) yield `${plane} says «${detail}», not ${wanted}`
  }
  if (sight.summary !== undefined && !sight.summary.test(verdict.summary))
    yield `summary «${verdict.summary}», not ${sight.summary}`
  const advice = verdict.advice.join('\n')
  if (verdict.advice.length === 0) yield 'no advice'
  if (sight.advice !== undefined && !sight.advice.test(advice))
    yield `advice «${advice}», not ${sight.advice}`
  if (rule !== undefined)
    for (const word of [rule.table, rule.chain, `handle ${rule.handle}`])
      if (!advice.includes(word)) yield `advice «${advice}» does not name ${word}`
  if (sight.serverName !== undefined && verdict.server.name !== sight.serverName)
    yield `server name ${verdict.server.name}, not ${sight.serverName}`
  if (/undefined|NaN|null/.test(verdict.summary + advice)) yield `holes in «${verdict.summary}» «${advice}»`
  if (verdict.summary.includes(`${stage.lab.namespace('router')}`)) yield 'names the router'
}
