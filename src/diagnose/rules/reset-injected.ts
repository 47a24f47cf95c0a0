import { afterSilence, brokenBy, brokenError, neverSent, silenceAdvice } from '../broken.ts'
import { kernelOf, otherSide } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { matchingRules, ruleAdvice } from '../firewall.ts'
import { endpoint } from '../words.ts'

/** `reset.injected`: the end that the RST names did not send it. Somebody between did, or a filter of its own host. */
export const resetInjected: Rule = (evidence) => {
  const broken = brokenBy(evidence)
  if (broken === undefined) return undefined
  const { by, reset } = broken
  if (kernelOf(evidence)?.resetSent?.side === by) return undefined
  const denied = neverSent(evidence, by)
  const otherTtl = reset?.ttl !== undefined && reset.usualTtl !== undefined && reset.ttl !== reset.usualTtl
  const wentOn = reset?.senderWentOn === true
  if (!denied && !otherTtl && !wentOn) return undefined
  const [rule] = matchingRules(evidence, 'reject')
  const signs = [
    ...(denied ? ['its kernel sent none'] : []),
    ...(otherTtl ? [`its TTL is ${reset.ttl}, not ${reset.usualTtl}`] : []),
    ...(wentOn ? ['that end went on sending afterwards'] : []),
  ]
  return finding(
    'reset.injected',
    denied && signs.length > 1 ? 'certain' : denied || wentOn ? 'likely' : 'possible',
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
