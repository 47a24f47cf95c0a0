import { statSync } from 'node:fs'
import {
  AF_INET,
  ALL_STATES,
  IPPROTO_TCP,
  inetDumpRequest,
  unixDumpRequest,
} from '../../sockets/diag-request.ts'
import { grantCommand, isInUserNamespace } from '../mend.ts'
import { hasCapability } from '../privileges.ts'
import { listPids, scanSocketOwners } from '../process/procfs.ts'
import { SockDiag } from '../sockets/netlink.ts'
import { type Probe, reasonOf } from './probe.ts'

/** Dumps the TCP table through netlink. */
export function probeInetDiag(): Probe {
  return probeDump('TCP', inetDumpRequest(AF_INET, IPPROTO_TCP, ALL_STATES), 'inet_diag tcp_diag udp_diag')
}

/** Dumps the table of unix sockets. */
export function probeUnixDiag(): Probe {
  return probeDump('unix', unixDumpRequest(), 'unix_diag')
}

function probeDump(what: string, request: Uint8Array, modules: string): Probe {
  try {
    const diag = new SockDiag()
    try {
      let sockets = 0
      diag.dump(request, () => {
        sockets++
        return undefined
      })
      return { status: 'ok', detail: `${what} sockets with queues, timers and cookies (now ${sockets})` }
    } finally {
      diag.close()
    }
  } catch (error) {
    // The tables of /proc/net stand in, without backlogs and cookies.
    const detail = `${what} sockets only from /proc/net: ${reasonOf(error)}`
    return { status: 'degraded', detail, mend: `sudo modprobe -a ${modules}` }
  }
}

/** Reads the descriptors of every process. */
export function probeOwners(): Probe {
  // hidepid=2 hides the processes of others altogether, the first of them always there.
  if (statSync('/proc/1', { throwIfNoEntry: false }) === undefined)
    return {
      status: 'degraded',
      detail: "other users' processes are hidden (/proc is mounted with hidepid)",
      mend: 'sudo mount -o remount,hidepid=0 /proc',
    }
  const total = listPids().length
  const { denied } = scanSocketOwners()
  if (denied === 0) return { status: 'ok', detail: `descriptors of all ${total} processes are readable` }
  const missing = (['cap_sys_ptrace', 'cap_dac_read_search'] as const).filter((name) => !hasCapability(name))
  const detail = `the sockets of ${denied} of ${total} processes show no owner: their descriptors are not readable`
  // A process with more capabilities than ours, or guarded by a security module, is closed to any root.
  if (missing.length === 0 && !isInUserNamespace())
    return { status: 'degraded', detail: `${detail}, not even with every capability` }
  return { status: 'degraded', detail, mend: grantCommand(['cap_sys_ptrace', 'cap_dac_read_search']) }
}
