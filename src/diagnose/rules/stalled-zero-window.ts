import { ZERO_WINDOW_SECONDS } from '../../sockets/limits.ts'
import { brokenBy } from '../broken.ts'
import { fromAbsence, secondsSince, socketsOf, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { duration, who } from '../words.ts'

/** `stalled.zero-window`: the receiver's buffer is full, because its program does not read. */
export const stalledZeroWindow: Rule = (evidence) => {
  const wire = wireOf(evidence)
  if (wire?.zeroWindow === undefined || brokenBy(evidence) !== undefined) return undefined
  const { receiver, since } = wire.zeroWindow
  const seconds = secondsSince(evidence, since)
  if (seconds < ZERO_WINDOW_SECONDS || (wire.fin.client !== undefined && wire.fin.server !== undefined))
    return undefined
  const unread = socketsOf(evidence)?.[receiver]?.recv_q ?? 0
  const amount = unread > 0 ? ` (${unread} bytes wait to be read)` : ''
  return finding(
    'stalled.zero-window',
    fromAbsence(evidence, 'certain'),
    `${who(evidence, receiver)} has not read for ${duration(seconds * 1000)}${amount}: its window is 0, so the other end may not send`,
    {
      advice: [
        `find out why ${who(evidence, receiver)} does not read: it is stuck, stopped, or waits for something else`,
      ],
    },
  )
}
