import { isLinkLocal } from '../../wire/address.ts'
import type { Evidence } from '../evidence.ts'
import {
  clientError,
  fromAbsence,
  immediateError,
  kernelOf,
  socketsOf,
  wasEstablished,
  wireOf,
} from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import type { PlaneName } from '../verdict.ts'
import { isWaiting } from '../waiting.ts'
import { endpoint, who } from '../words.ts'

/** The planes that could say more, the one that most often does first. */
const ASKED: readonly Exclude<PlaneName, 'process'>[] = ['wire', 'kernel', 'socket']

/** `inconclusive`: it failed, and what was watched does not say why. Comes last. */
export const inconclusive: Rule = (evidence) => {
  const error = failure(evidence)
  if (error === undefined && !isWaiting(evidence)) return undefined
  const what = error === undefined ? 'gets no answer from' : `got ${error} from`
  const { addr, port } = evidence.server
  // The program's own mistake: nothing that could be watched says more.
  const isUnscoped = immediateError(evidence) === 'EINVAL' && isLinkLocal(addr)
  const why = isUnscoped ? 'a link-local address needs its interface' : unexplained(evidence)
  return finding(
    'inconclusive',
    error === undefined ? fromAbsence(evidence, 'certain') : 'certain',
    `${who(evidence, 'client')} ${what} ${error === undefined ? '' : 'connect() to '}${endpoint(evidence.server)}; ${why}`,
    {
      error: error ?? 'ETIMEDOUT',
      advice: [
        isUnscoped
          ? `name the interface behind the address: [${addr}%eth0]:${port}, in a program sin6_scope_id; ip -6 addr show scope link`
          : 'socktrace doctor: which planes work here, and the command that mends each that does not',
      ],
    },
  )
}

function unexplained(evidence: Evidence): string {
  const missing = ASKED.filter((plane) => !evidence[plane].watched)
  return missing.length === 0
    ? 'all planes were watched, and none explains it'
    : `to say why, the ${missing.join(' and the ')} plane would have to be watched`
}

/** connect() failed; an error of an established connection has verdicts of its own. */
function failure(evidence: Evidence): string | undefined {
  if (wasEstablished(evidence)) return undefined
  const error = clientError(evidence)
  if (error === undefined || error === 'EINPROGRESS' || error === 'EINTR') return undefined
  return (wireOf(evidence) ?? kernelOf(evidence) ?? socketsOf(evidence) ?? evidence.result)
    ? error
    : undefined
}
