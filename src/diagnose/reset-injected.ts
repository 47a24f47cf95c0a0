import { afterSilence, type Broken, brokenBy, brokenError, silenceAdvice } from './broken.ts'
import type { Evidence } from './evidence.ts'
import { kernelOf, otherSide, watches } from './facts.ts'
import { finding, type Rule } from './finding.ts'
import { matchingRules, ruleAdvice } from './firewall.ts'
import { endpoint } from './words.ts'

/** `reset.injected`: the end that the RST names did not send it. Somebody between did, or a filter of its own host. */
export const resetInjected: Rule = (evidence) => {
  const broken = brokenBy(evidence)
  if (broken?.reset === undefined) return undefined
  const { by, reset } = broken
  if (kernelOf(evidence)?.resetSent?.side === by) return undefined
  const denied = kernelDenies(evidence, broken)
  const otherTtl = reset.ttl !== undefined && reset.usualTtl !== undefined && reset.ttl !== reset.usualTtl
  if (!denied && !otherTtl && !reset.senderWentOn) return undefined
  const [rule] = matchingRules(evidence, 'reject')
  const signs = [
    ...(denied ? ['its kernel sent none'] : []),
    ...(otherTtl ? [`its TTL is ${reset.ttl}, not ${reset.usualTtl}`] : []),
    ...(reset.senderWentOn ? ['that end went on sending afterwards'] : []),
  ]
  return finding(
    evidence,
    'reset.injected',
    denied && signs.length > 1 ? 'certain' : denied || reset.senderWentOn ? 'likely' : 'possible',
    `the RST in the name of ${endpoint(evidence[by])} was not sent by the ${by}${afterSilence(evidence)}: ${signs.join(', ')}`,
    {
      error: brokenError(evidence, broken),
      advice:
        rule === undefined
          ? [
              `look for a firewall, proxy or load balancer between the ${by} and the ${otherSide(by)}`,
              ...silenceAdvice(evidence),
            ]
          : ruleAdvice(rule),
    },
  )
}

/** Its socket is of this machine and was told about, and every reset that sockets send is told. */
function kernelDenies(evidence: Evidence, { by }: Broken): boolean {
  const kernel = kernelOf(evidence)
  return evidence.here[by] && kernel?.states[by] !== undefined && watches(evidence, 'reset')
}
