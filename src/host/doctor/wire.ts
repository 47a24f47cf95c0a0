import { LINK_ETHERNET } from '../../capture/link-type.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { openCap } from '../capture/cap.ts'
import { compileFilter } from '../capture/filter-compiler.ts'
import type { LiveOptions } from '../capture/live-source.ts'
import { openRing } from '../capture/ring.ts'
import { installCommand } from '../install-command.ts'
import { grantCommand } from '../mend.ts'
import { Waiter } from '../wait.ts'
import { isRefusal, type Probe, reasonOf } from './probe.ts'

const SNAPLEN = 128

/** Opens the packet ring on every interface, as `trace` does, and closes it. */
export function probeRing(): Probe {
  return withWaiter((waiter) => {
    try {
      openRing(liveOptions([], waiter)).close()
      return { status: 'ok', detail: 'packets of every interface, kernel timestamps' }
    } catch (error) {
      const mend = isPrivilege(error) ? { mend: grantCommand(['cap_net_raw']) } : {}
      return { status: 'missing', detail: `no live capture: ${reasonOf(error)}`, ...mend }
    }
  })
}

/** Loads the package `cap` and captures on loopback with it. */
export async function probeCap(): Promise<Probe> {
  const waiter = new Waiter()
  try {
    const source = await openCap(liveOptions(['lo'], waiter))
    source.close()
    return { status: 'ok', detail: '`--engine cap` works too' }
  } catch (error) {
    const detail = `only \`--engine cap\` needs it: ${reasonOf(error)}`
    if (isPrivilege(error)) return { status: 'missing', detail, mend: grantCommand(['cap_net_raw']) }
    return {
      status: 'missing',
      detail,
      mend: `${installCommand('libpcap-dev')} && npm install -g socktrace`,
    }
  } finally {
    waiter.close()
  }
}

/** Compiles a filter with libpcap. */
export function probeFilterCompiler(): Probe {
  try {
    const program = compileFilter('tcp port 80', LINK_ETHERNET, SNAPLEN)
    return { status: 'ok', detail: `capture filters; \`tcp port 80\` is ${program.length / 8} instructions` }
  } catch (error) {
    const detail = `no capture filters: ${reasonOf(error)}`
    return { status: 'missing', detail, mend: installCommand('libpcap0.8') }
  }
}

function isPrivilege(error: unknown): boolean {
  return isRefusal(error) || (error instanceof UserError && error.exitCode === EXIT.privilege)
}

function liveOptions(interfaces: readonly string[], waiter: Waiter): LiveOptions {
  return { interfaces, snaplen: SNAPLEN, promiscuous: interfaces.length > 0, ringMib: 1, waiter }
}

function withWaiter<Result>(action: (waiter: Waiter) => Result): Result {
  const waiter = new Waiter()
  try {
    return action(waiter)
  } finally {
    waiter.close()
  }
}
