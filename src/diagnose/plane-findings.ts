import type { Side } from '../flow/event.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { Evidence, Plane } from './evidence.ts'
import { kernelFacts, kernelSilence } from './tell-kernel.ts'
import { socketFacts } from './tell-socket.ts'
import { wireFacts } from './tell-wire.ts'
import type { PlaneFinding, PlaneName } from './verdict.ts'
import { listensAt, processName } from './words.ts'

/**
 * What each plane showed, the same for every verdict: facts, not conclusions, so that a reader can check the sentence
 * above them. A plane that was not watched says only why.
 */
export function planeFindings(evidence: Evidence): readonly PlaneFinding[] {
  return [
    plane('wire', evidence.wire, wireFacts, 'no packet of this connection, not even a SYN'),
    plane(
      'socket',
      evidence.socket,
      (found) => socketFacts(found, evidence),
      'no socket, no listener, no rule that matches',
    ),
    plane('process', evidence.process, (found) => processFacts(found, evidence), 'no process of it is known'),
    plane('kernel', evidence.kernel, kernelFacts, kernelSilence(evidence)),
  ]
}

function plane<Findings>(
  name: PlaneName,
  seen: Plane<Findings>,
  tell: (findings: Findings) => readonly string[],
  nothing: string,
): PlaneFinding {
  if (!seen.watched) return { plane: name, status: 'not_watched', detail: seen.why }
  const facts = tell(seen)
  return facts.length === 0
    ? { plane: name, status: 'not_seen', detail: nothing }
    : { plane: name, status: 'seen', detail: facts.join('; ') }
}

function processFacts(
  processes: Readonly<Partial<Record<Side, ProcessRef>>>,
  { socket }: Evidence,
): readonly string[] {
  const facts: string[] = []
  for (const side of ['server', 'client'] as const) {
    const process = processes[side]
    if (process === undefined) continue
    const place = process.container === undefined ? '' : ` in container ${process.container}`
    facts.push(`${side} ${processName(process)}${place}`)
  }
  const listeners = socket.watched ? socket.listeners : []
  const own = listeners.filter(({ sameNetns }) => sameNetns)
  for (const listener of own.length > 0 ? own : listeners) {
    const { process } = listener
    if (process === undefined || process.pid === processes.server?.pid) continue
    facts.push(`${processName(process)} listens on ${listensAt(listener)}`)
  }
  return facts
}
