import { readFileSync } from 'node:fs'

type End = 'client' | 'server'

/** Settings that a verdict's advice names, by the end whose namespace they count in. */
const SETTINGS: Readonly<Record<End, readonly string[]>> = {
  client: [
    'net.ipv4.ip_local_port_range',
    'net.ipv4.ip_local_reserved_ports',
    'net.ipv4.tcp_tw_reuse',
    'net.ipv4.tcp_syn_retries',
    'net.ipv4.tcp_syn_linear_timeouts',
    'net.ipv4.tcp_retries2',
    'net.ipv4.tcp_mtu_probing',
  ],
  server: [
    'net.core.somaxconn',
    'net.ipv4.tcp_max_syn_backlog',
    'net.ipv4.tcp_syncookies',
    'net.ipv4.tcp_abort_on_overflow',
    'net.ipv4.tcp_synack_retries',
  ],
}

/** A setting of the thread's network namespace; /proc/sys/net follows whoever opens it. */
export function setting(name: string): string | undefined {
  // In the dotted form a slash stands for the dot in an interface's name (sysctl.d(5)).
  const path = name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))
  try {
    return readFileSync(`/proc/sys/${path}`, 'latin1').trim().replace(/\s+/g, ' ')
  } catch {
    return undefined
  }
}

/** The settings of one end, read in its namespace. `iface` is the device of the connection, where it is known. */
export function settings(end: End, iface: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  const filtered = ['all', ...(iface === undefined ? [] : [iface.replaceAll('.', '/')])]
  for (const name of [...SETTINGS[end], ...filtered.map((one) => `net.ipv4.conf.${one}.rp_filter`)]) {
    const value = setting(name)
    if (value) found[name] = value
  }
  return found
}

/** Entries and limit of connection tracking in the thread's namespace; `undefined` while it is not in use. */
export function conntrack(): { count: number; max: number } | undefined {
  const [count, max] = ['count', 'max'].map((name) => setting(`net.netfilter.nf_conntrack_${name}`))
  return count === undefined || max === undefined ? undefined : { count: Number(count), max: Number(max) }
}
