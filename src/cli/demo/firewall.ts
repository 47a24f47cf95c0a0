import type { Lab } from '../../host/lab.ts'

/** Drops what comes to a TCP port of the server, silently: by nftables, or by a route where there is none. */
export function dropAtServer(lab: Lab, port: number): void {
  const hook = '{ type filter hook input priority 0; }'
  const rule = `tcp dport ${port} drop`
  try {
    lab.run('server', 'nft', [`add table ip demo; add chain ip demo in ${hook}; add rule ip demo in ${rule}`])
  } catch {
    // The rule that looks up local addresses comes first (priority 0) unless it is moved behind ours.
    lab.run('server', 'ip', ['rule', 'add', 'priority', '200', 'lookup', 'local'])
    const black = ['priority', '100', 'ipproto', 'tcp', 'dport', String(port), 'blackhole']
    lab.run('server', 'ip', ['rule', 'add', ...black])
    lab.run('server', 'ip', ['rule', 'delete', 'priority', '0'])
  }
}
