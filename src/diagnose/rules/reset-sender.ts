import { afterSilence, type Broken, brokenBy, brokenError, resetReason, silenceAdvice } from '../broken.ts'
import type { Evidence } from '../evidence.ts'
import { kernelOf, otherSide, watches, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { IDLE_SECONDS } from '../thresholds.ts'
import { who } from '../words.ts'

/**
 * `reset.by-us`: sent by the end that is in the captured namespace, or is the only one here; by the client, where
 * both ends are or neither (a file).
 */
export const resetByUs: Rule = (evidence) => tell(evidence, 'reset.by-us')

/** `reset.by-peer`: sent by the other end. */
export const resetByPeer: Rule = (evidence) => tell(evidence, 'reset.by-peer')

function tell(evidence: Evidence, verdict: 'reset.by-us' | 'reset.by-peer') {
  const broken = brokenBy(evidence)
  if (broken === undefined || (broken.by === ownSide(evidence)) !== (verdict === 'reset.by-us'))
    return undefined
  if (isUnproved(evidence, broken)) return undefined
  return finding(
    verdict,
    'certain',
    `${who(evidence, broken.by)} reset the connection${afterSilence(evidence)}${reasonText(evidence, broken)}`,
    {
      error: ownError(evidence, broken, verdict),
      advice: [...silenceAdvice(evidence), lookThere(evidence, broken)],
    },
  )
}

/** No RST was seen, and the kernel of the end that would have sent it, which tells every one, told none. */
function isUnproved(evidence: Evidence, { by, reset }: Broken): boolean {
  if (reset !== undefined || kernelOf(evidence)?.resetSent?.side === by) return false
  return wireOf(evidence) !== undefined && evidence.here[by] && watches(evidence, 'reset')
}

function ownSide({ here, own }: Evidence) {
  return own ?? (here.server && !here.client ? 'server' : 'client')
}

/** What the application here gets: the one that reset gets no error, unless its socket was taken from it. */
function ownError(evidence: Evidence, broken: Broken, verdict: string): string | undefined {
  if (verdict === 'reset.by-peer') return brokenError(evidence, broken)
  const error = kernelOf(evidence)?.error
  return error?.side === broken.by ? error.name : undefined
}

function lookThere(evidence: Evidence, { by }: Broken): string {
  const { addr, port } = evidence[by]
  return evidence.here[by]
    ? `what ${who(evidence, by)} did: strace -f -e trace=network,close -p PID`
    : `on ${addr}, the reason is told by: socktrace trace --failures 'tcp port ${by === 'server' ? port : evidence.server.port}'`
}

const REASONS: Readonly<Record<string, string>> = {
  NO_SOCKET: 'its host no longer knows the connection (it was restarted, or the address moved)',
  TCP_TIMEWAIT_SOCKET: 'it had closed already, and data still came',
  TCP_ABORT_ON_DATA: 'it had closed already, and data still came',
  TCP_KEEPALIVE_TIMEOUT: 'its keep-alive probes were not answered',
  TCP_ABORT_ON_MEMORY:
    'its kernel had no memory left for sockets without an owner (net.ipv4.tcp_mem, tcp_max_orphans)',
}

function reasonText(evidence: Evidence, broken: Broken): string {
  const reason = resetReason(evidence, broken)
  if (reason !== undefined) return `: ${REASONS[reason] ?? `the kernel's reason is ${reason}`}`
  if (wireOf(evidence)?.fin[broken.by] !== undefined)
    return `: it had closed already, and ${who(evidence, otherSide(broken.by))} still sent`
  if (endedByKeepAlive(evidence, broken)) return `: ${REASONS['TCP_KEEPALIVE_TIMEOUT']}`
  if (broken.reset?.after !== 'third_ack') return ''
  if (afterSilence(evidence) !== '') return ', before any data'
  const isSoon = broken.reset.afterMs < IDLE_SECONDS * 1000
  return isSoon ? ' as soon as it was established, before any data' : ' before any data'
}

/**
 * Until Linux 6.10 resets have no reason. Of those that a socket sends itself only that of the keep-alive timer comes with
 * this error (tcp_keepalive_timer); retransmissions that run out end without.
 */
function endedByKeepAlive(evidence: Evidence, { by }: Broken): boolean {
  const { error, resetSent } = kernelOf(evidence) ?? {}
  if (resetSent?.side !== by || !resetSent.active) return false
  return error?.side === by && error.name === 'ETIMEDOUT'
}
