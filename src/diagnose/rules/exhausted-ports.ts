import type { Evidence } from '../evidence.ts'
import { immediateError, socketsOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { PORTS_SHARE } from '../thresholds.ts'
import { endpoint, isIpv4, who } from '../words.ts'

/**
 * `exhausted.ports`: every local port towards this destination is taken. IPv6 without any address of its own fails with
 * the same error, so there the count of ports must say it.
 */
export const exhaustedPorts: Rule = (evidence) => {
  if (immediateError(evidence) !== 'EADDRNOTAVAIL') return undefined
  const ports = socketsOf(evidence)?.ports
  const counted = ports !== undefined && ports.used >= PORTS_SHARE * ports.available
  if (ports === undefined ? !isIpv4(evidence.server.addr) : !counted) return undefined
  const range = socketsOf(evidence)?.sysctls['net.ipv4.ip_local_port_range']
  const of =
    ports === undefined
      ? ''
      : ` (${ports.used} of ${ports.available}, ${ports.timeWait} of them in TIME_WAIT)`
  return finding(
    'exhausted.ports',
    counted ? 'certain' : 'likely',
    `no local port is left for ${who(evidence, 'client')} to connect to ${endpoint(evidence.server)}${of}`,
    { error: 'EADDRNOTAVAIL', advice: adviceFor(evidence, range) },
  )
}

function adviceFor(evidence: Evidence, range: string | undefined): readonly string[] {
  const now = range === undefined ? '' : ` (now ${range.trim().split(/\s+/).join('-')})`
  const advice = ['keep connections open and use them again, instead of one for each request']
  advice.push(`sysctl -w net.ipv4.ip_local_port_range="1024 65535"${now}`)
  const timeWait = socketsOf(evidence)?.ports?.timeWait ?? 0
  if (timeWait > 0)
    advice.push(
      'sysctl -w net.ipv4.tcp_tw_reuse=1 lets connect() take ports in TIME_WAIT (timestamps needed)',
    )
  return advice
}
