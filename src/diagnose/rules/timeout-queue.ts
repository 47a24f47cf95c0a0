import type { Evidence } from '../evidence.ts'
import { acceptingListener, counter, isFull, socketsOf, watches, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { isWaiting, unanswered } from '../waiting.ts'
import { endpoint, listenerName } from '../words.ts'

/**
 * `timeout.accept-queue`: every SYN to a full accept queue is dropped, and the kernel frees it as consumed, so that no
 * drop is told. The full queue itself is the proof; without the socket plane only the counters and that silence.
 */
export const acceptQueueFull: Rule = (evidence) => {
  if (!evidence.here.server || !isWaiting(evidence) || !unanswered(evidence)) return undefined
  const overflows = counter(evidence, 'server', 'ListenOverflows')
  const listener = acceptingListener(evidence)
  if (listener !== undefined ? !isFull(listener) : !onlyOverflowExplains(evidence, overflows))
    return undefined
  const listen = listener?.socket.listen
  const name = listener === undefined ? 'the program that listens' : listenerName(evidence, listener)
  const queue = listen === undefined ? '' : ` (${listen.accept_queue} wait, the backlog is ${listen.backlog})`
  return finding(
    'timeout.accept-queue',
    listener !== undefined && overflows > 0 ? 'certain' : 'likely',
    `${name} does not accept() fast enough: its queue on ${endpoint(evidence.server)} is full${queue}, so the kernel drops every SYN`,
    { error: 'ETIMEDOUT', advice: queueAdvice(evidence, listen?.backlog) },
  )
}

/** The SYN came, the kernel dropped nothing of it, and the overflows are as many as the SYNs. */
function onlyOverflowExplains(evidence: Evidence, overflows: number): boolean {
  const wire = wireOf(evidence)
  if (socketsOf(evidence) !== undefined || wire === undefined || !watches(evidence, 'drop')) return false
  return wire.syns > 0 && overflows >= wire.syns
}

export function queueAdvice(evidence: Evidence, backlog: number | undefined): readonly string[] {
  const advice = ['find out why the program does not accept(): it is stuck, or has too few workers']
  const somaxconn = Number(socketsOf(evidence)?.sysctls['net.core.somaxconn'])
  if (backlog === undefined) return advice
  if (backlog >= somaxconn)
    advice.push(
      `sysctl -w net.core.somaxconn=${nextPower(backlog)}, a larger backlog in listen(), and restart it`,
    )
  else
    advice.push(
      `a larger backlog in listen() (now ${backlog}${Number.isNaN(somaxconn) ? '' : `; the system allows ${somaxconn}`})`,
    )
  return advice
}

function nextPower(backlog: number): number {
  return 2 ** Math.ceil(Math.log2(backlog + 1)) * 2
}

/** `timeout.syn-queue`: too many half-open connections, and no cookies to help. */
export const synQueueFull: Rule = (evidence) => {
  if (!evidence.here.server || !isWaiting(evidence) || !unanswered(evidence)) return undefined
  if (counter(evidence, 'server', 'ListenOverflows') > 0) return undefined
  const listener = acceptingListener(evidence)
  const { syn_queue: syns, backlog } = listener?.socket.listen ?? {}
  const dropped = counter(evidence, 'server', 'TCPReqQFullDrop')
  const full = syns !== undefined && backlog !== undefined && syns > backlog
  const cookies = socketsOf(evidence)?.sysctls['net.ipv4.tcp_syncookies']
  // Without cookies the last quarter of tcp_max_syn_backlog is kept for peers that are known: only ListenDrops moves.
  const reserved =
    cookies === '0' && counter(evidence, 'server', 'ListenDrops') > 0 && isCrowded(evidence, syns)
  if (dropped === 0 && !reserved && !(full && cookies === '0')) return undefined
  const queue = syns === undefined ? '' : ` (${syns} half-open connections)`
  return finding(
    'timeout.syn-queue',
    dropped > 0 && full ? 'certain' : 'likely',
    `the queue of half-open connections on ${endpoint(evidence.server)} is full${queue}, so the kernel drops new SYNs`,
    {
      error: 'ETIMEDOUT',
      advice: [
        ...(cookies === '0' ? ['sysctl -w net.ipv4.tcp_syncookies=1'] : []),
        'sysctl -w net.ipv4.tcp_max_syn_backlog=4096, and a larger backlog in listen()',
      ],
    },
  )
}

/** At most a quarter of `tcp_max_syn_backlog` is free. */
function isCrowded(evidence: Evidence, syns: number | undefined): boolean {
  const limit = Number(socketsOf(evidence)?.sysctls['net.ipv4.tcp_max_syn_backlog'])
  return syns !== undefined && syns >= (limit * 3) / 4
}
