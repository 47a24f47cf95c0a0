import { readFileSync } from 'node:fs'

/** A numeric kernel setting of the current network namespace, for example `net.ipv4.tcp_syn_retries`. */
export function readSysctl(name: string): number | undefined {
  try {
    const number = Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8'))
    return Number.isFinite(number) ? number : undefined
  } catch {
    return undefined
  }
}
