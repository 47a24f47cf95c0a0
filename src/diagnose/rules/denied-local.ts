import { immediateError, socketsOf, wireOf } from '../facts.ts'
import { finding, type Rule } from '../finding.ts'
import { endpoint, who } from '../words.ts'

/**
 * `denied.local`: a cgroup program, a security module or a seccomp filter refused the call. For TCP, netfilter never gives
 * EPERM; EACCES is also what a `prohibit` route gives, so the route must have been looked at.
 */
export const deniedLocal: Rule = (evidence) => {
  const error = immediateError(evidence)
  if (error !== 'EPERM' && error !== 'EACCES') return undefined
  if ((wireOf(evidence)?.syns ?? 0) > 0) return undefined
  const route = socketsOf(evidence)?.route
  if (error === 'EACCES' && (route === undefined || route.kind === 'prohibit')) return undefined
  return finding(
    'denied.local',
    error === 'EPERM' ? 'certain' : 'likely',
    `this host's own policy refused ${who(evidence, 'client')} the connection to ${endpoint(evidence.server)}: connect() returned ${error}, nothing was sent`,
    {
      error,
      advice:
        error === 'EPERM'
          ? [
              'cgroup programs: bpftool cgroup tree, attached as connect4 or connect6',
              'security modules: journalctl -k -g "denied|DENIED"',
              'seccomp filters: Seccomp is 2 in /proc/PID/status (containers, SystemCallFilter= of systemd)',
            ]
          : ['security modules: journalctl -k -g "denied|DENIED" (SELinux: ausearch -m avc -ts recent)'],
    },
  )
}
