import type { Endpoint, Side } from '../flow/event.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ListenerEvidence } from '../sockets/socket-evidence.ts'
import type { Evidence } from './evidence.ts'

/** Words that several rules use. Names of processes and hosts are as they came; renderers make them safe. */
export function hostPort(addr: string, port: number): string {
  return addr.includes(':') ? `[${addr}]:${port}` : `${addr}:${port}`
}

export function endpoint({ addr, port, name }: Endpoint): string {
  return name === undefined ? hostPort(addr, port) : `${name} (${hostPort(addr, port)})`
}

export function processName({ pid, comm }: ProcessRef): string {
  return comm === null ? `pid ${pid}` : `${comm}[${pid}]`
}

/** `curl[4021]` where the process is known, else `the client`. */
export function who(evidence: Evidence, side: Side): string {
  const process = evidence.process.watched ? evidence.process[side] : undefined
  return process === undefined ? `the ${side}` : processName(process)
}

export function listenerName(evidence: Evidence, { process }: ListenerEvidence): string {
  return evidence.process.watched && process !== undefined ? processName(process) : 'a program'
}

/** `127.0.0.1:8080`, `[::]:80 (IPv6 only)`, `0.0.0.0:80 on eth1`. */
export function listensAt({ socket: { local, v6only, iface } }: ListenerEvidence): string {
  const place = hostPort(local.addr ?? '', local.port ?? 0)
  return `${place}${v6only === true && local.addr === '::' ? ' (IPv6 only)' : ''}${iface === undefined ? '' : ` on ${iface}`}`
}

export function netnsText({ netnsName, netns }: ListenerEvidence): string {
  if (netnsName !== undefined)
    return netnsName.startsWith('pid ')
      ? `the network namespace of ${netnsName}`
      : `the network namespace ${netnsName}`
  return netns === null ? 'another network namespace' : `network namespace ${netns}`
}

/** Milliseconds as a reader would say them. */
export function duration(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(2))} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 100) return `${Number(seconds.toFixed(1))} s`
  return seconds < 600 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}

export function times(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

/** A name of a process or host at the beginning stays as it is: only a plain word gets a capital. */
export function sentence(text: string): string {
  const begin = /^[a-z]+(?=[ ,])/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0)
  return `${begin}${text.slice(1)}.`
}

export function isIpv4(addr: string): boolean {
  return !addr.includes(':') || /^::ffff:\d+\./.test(addr)
}

/** `once`, `3 times`. */
export function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
