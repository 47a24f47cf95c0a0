import { brokenBy, brokenError, countersDecide, resetReason } from '../broken.ts'
import { counter, otherSide } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { who } from '../words.ts'

/** `reset.unread-data`: closed with bytes that it had not read, which TCP tells the peer by RST (RFC 2525 section 2.17). */
export const resetUnreadData: Rule = (evidence) => {
  const broken = brokenBy(evidence)
  if (broken === undefined) return undefined
  const told = resetReason(evidence, broken) === 'TCP_ABORT_ON_CLOSE'
  const counted =
    countersDecide(evidence, broken) &&
    counter(evidence, broken.by, 'TCPAbortOnClose') > 0 &&
    counter(evidence, broken.by, 'TCPAbortOnData') === 0
  if (!told && !counted) return undefined
  const peer = otherSide(broken.by)
  return finding(
    'reset.unread-data',
    told ? 'certain' : 'likely',
    `${who(evidence, broken.by)} closed the connection with data of ${who(evidence, peer)} that it had not read, so its kernel sent RST; what it wrote before may be lost`,
    {
      error: brokenError(evidence, broken),
      advice: [
        `in ${who(evidence, broken.by)}: read until the end before close(), or shutdown(SHUT_WR) and read on`,
      ],
    },
  )
}
