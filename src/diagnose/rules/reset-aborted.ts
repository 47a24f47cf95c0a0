import { type Broken, brokenBy, brokenError, countersDecide, resetReason } from '../broken.ts'
import type { Evidence } from '../evidence.ts'
import { counter, kernelOf, socketsOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { who } from '../words.ts'

/** Reasons of an abort on purpose: close() with linger 0, a closing listener, connect(AF_UNSPEC), a destroyed socket. */
const ON_PURPOSE: ReadonlySet<string> = new Set([
  'TCP_STATE',
  'TCP_ABORT_ON_LINGER',
  'TCP_DISCONNECT_WITH_DATA',
])

/** `reset.aborted`: one end threw the connection away. */
export const resetAborted: Rule = (evidence) => {
  const broken = brokenBy(evidence)
  if (broken === undefined) return undefined
  const reason = resetReason(evidence, broken)
  const told = reason !== undefined && ON_PURPOSE.has(reason)
  const counted =
    countersDecide(evidence, broken) &&
    counter(evidence, broken.by, 'TCPAbortOnData') > 0 &&
    counter(evidence, broken.by, 'TCPAbortOnClose') === 0
  if (!told && !counted) return undefined
  const { why, advice, isKnown } = wayOf(evidence, broken)
  return finding(
    'reset.aborted',
    told && isKnown ? 'certain' : 'likely',
    `${who(evidence, broken.by)} ${why}`,
    {
      error: brokenError(evidence, broken),
      advice,
    },
  )
}

/** Linger 0 is counted, the closing listener is not; a socket that is destroyed gets ECONNABORTED itself. */
function wayOf(
  evidence: Evidence,
  broken: Broken,
): { why: string; advice: readonly string[]; isKnown: boolean } {
  const { by, reset } = broken
  const error = kernelOf(evidence)?.error
  if (error?.side === by && error.name === 'ECONNABORTED')
    return {
      isKnown: true,
      why: 'lost its socket: somebody destroyed it (ss -K, socktrace list -K), and the kernel sent RST',
      advice: [
        'it takes CAP_NET_ADMIN in this namespace: look for an administrator or an agent that runs ss -K',
      ],
    }
  const lingered = counter(evidence, by, 'TCPAbortOnData')
  // Told where the counters were read before it, too: else that they did not move says nothing.
  const aborts = kernelOf(evidence)?.aborts?.[by]
  const queued = by === 'server' && reset?.after === 'third_ack'
  const listenerClosed = queued && socketsOf(evidence)?.lastListener !== undefined
  // Where several threw connections away at once, the namespace's counter does not say which were SO_LINGER's.
  if (lingered > 0 && lingered === aborts && !listenerClosed)
    return {
      isKnown: true,
      why: 'aborted the connection: close() with SO_LINGER set to 0 seconds sends RST and throws away what was not sent',
      advice: [`in ${who(evidence, by)}: do not set SO_LINGER {1, 0} before close()`],
    }
  // Counters alone do not tell: they may have been read too late to show SO_LINGER's.
  if (aborts !== undefined && listenerClosed && lingered === 0)
    return {
      isKnown: true,
      why: 'closed its listener while the connection waited to be accepted, so the kernel reset it',
      advice: [`find out why ${who(evidence, by)} stopped or restarted: journalctl -e`],
    }
  return {
    isKnown: false,
    why: 'aborted the connection: SO_LINGER 0, connect(AF_UNSPEC), or a listener that closed',
    advice: [`in ${who(evidence, by)}: strace -f -e trace=setsockopt,connect,close -p PID shows which`],
  }
}
