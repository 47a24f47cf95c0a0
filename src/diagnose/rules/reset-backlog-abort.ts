import { brokenBy, resetReason } from '../broken.ts'
import { acceptingListener, counter, isFull, socketsOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { endpoint, listenerName } from '../words.ts'
import { queueAdvice } from './timeout-queue.ts'

const SETTING = 'net.ipv4.tcp_abort_on_overflow'

/** `reset.backlog-abort`: the third ACK met a full accept queue, and `tcp_abort_on_overflow` answers that by RST. */
export const resetBacklogAbort: Rule = (evidence) => {
  const broken = brokenBy(evidence)
  if (broken?.by !== 'server') return undefined
  const reason = resetReason(evidence, broken)
  const told = reason === 'INVALID_SYN'
  const listener = acceptingListener(evidence)
  const set = socketsOf(evidence)?.sysctls[SETTING] === '1'
  const full =
    (listener !== undefined && isFull(listener)) || counter(evidence, 'server', 'EmbryonicRsts') > 0
  const deduced =
    reason === undefined && broken.reset?.after === 'third_ack' && evidence.here.server && set && full
  if (!told && !deduced) return undefined
  const name = listener === undefined ? 'the program that listens' : listenerName(evidence, listener)
  return finding(
    'reset.backlog-abort',
    told ? 'certain' : 'likely',
    `the accept queue of ${name} on ${endpoint(evidence.server)} was full as the handshake ended, and tcp_abort_on_overflow made the kernel reset it: connect() succeeded, the next call fails`,
    {
      error: 'ECONNRESET',
      advice: [
        `sysctl -w ${SETTING}=0 lets the client wait instead`,
        ...queueAdvice(evidence, listener?.socket.listen?.backlog),
      ],
    },
  )
}
