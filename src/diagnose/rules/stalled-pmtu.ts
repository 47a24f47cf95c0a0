import { brokenBy } from '../broken.ts'
import type { WireStuck } from '../evidence.ts'
import { fromAbsence, kernelOf, wasEstablished, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { ALWAYS_FITS_BYTES, OPTION_BYTES, PMTU_TIMES } from '../thresholds.ts'
import { endpoint } from '../words.ts'

/** `stalled.pmtu`: full-sized segments vanish while smaller ones arrive, and no ICMP error says why (RFC 2923). */
export const stalledPmtu: Rule = (evidence) => {
  const wire = wireOf(evidence)
  const stuck = wire?.stuck
  if (stuck === undefined || !wasEstablished(evidence) || brokenBy(evidence) !== undefined) return undefined
  if (stuck.times < PMTU_TIMES || !isFullSized(stuck) || !smallerArrive(stuck)) return undefined
  // Path MTU discovery works where its messages come: something else is wrong then.
  if (wire?.icmp !== undefined && /fragmentation needed|packet too big/.test(wire.icmp.name)) return undefined
  const { sender, length, times } = stuck
  return finding(
    'stalled.pmtu',
    fromAbsence(evidence, stuck.sackedBehind ? 'likely' : 'possible'),
    `segments of ${length} bytes from ${endpoint(evidence[sender])} do not arrive (sent again ${times} times) while smaller ones do: the path takes only smaller packets, and nothing says so`,
    {
      error: evidence.ended ? (kernelOf(evidence)?.error?.name ?? 'ETIMEDOUT') : undefined,
      advice: [
        `on the ${sender}'s host: sysctl -w net.ipv4.tcp_mtu_probing=1`,
        'on the router or tunnel: nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu',
        'let ICMP "fragmentation needed" (IPv6: "packet too big") through every firewall on the path',
      ],
    },
  )
}

function isFullSized({ length, mss, largestAcked }: WireStuck): boolean {
  if (length <= ALWAYS_FITS_BYTES) return false
  return mss === undefined ? length > largestAcked : length + OPTION_BYTES >= mss
}

/** Bytes behind it arrived: sure. Else at least something smaller did, and never anything as large. */
function smallerArrive({ sackedBehind, largestAcked, length }: WireStuck): boolean {
  return sackedBehind || (largestAcked > 0 && largestAcked < length)
}
