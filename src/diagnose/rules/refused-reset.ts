import { acceptingListener } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { hadNoSocket, refusalOf } from '../refusal.ts'
import { endpoint, listenerName } from '../words.ts'

/** `refused.reset`: RST to SYN, and which of the many causes cannot be known from here. */
export const refusedReset: Rule = (evidence) => {
  if (evidence.proto !== 'tcp' || refusalOf(evidence) !== 'rst') return undefined
  const { server, here } = evidence
  const listener = acceptingListener(evidence)
  const unknown = !here.server
    ? 'why can be seen only on the host that answered'
    : listener !== undefined
      ? `${listenerName(evidence, listener)} listens there, so it came too late or something else answered`
      : hadNoSocket(evidence)
        ? 'its kernel found no socket for it'
        : 'this host answered, and which programs listen was not seen'
  return finding('refused.reset', 'certain', `${endpoint(server)} answered the SYN with RST; ${unknown}`, {
    error: 'ECONNREFUSED',
    advice: [`on ${server.addr}: socktrace list -l 'sport = :${server.port}'`],
  })
}
