import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { EXIT, UserError } from '../../user-error.ts'
import { formatAddress, parseAddress } from '../../wire/address.ts'
import { type DnsMessage, RCODE_NONE, RCODE_NXDOMAIN, RCODE_SERVFAIL } from '../../wire/dns.ts'
import type { Target } from './target.ts'

/** An address of the target, in the order of getaddrinfo(3): that in which programs try them (RFC 6724). */
export interface Resolved {
  readonly addr: string
  /** Index of the interface of a link-local address. */
  readonly scope?: number
}

/** What DNS servers answered on the wire, as far as it was captured. */
export class DnsAnswers {
  readonly #answers: { readonly message: DnsMessage; readonly server: string }[] = []

  add(messages: readonly DnsMessage[], server: string): void {
    for (const message of messages) if (message.isResponse) this.#answers.push({ message, server })
  }

  /** What was answered when this name was asked for; `undefined` when no answer was seen. */
  failureOf(host: string): string | undefined {
    const name = host.replace(/\.$/, '').toLowerCase()
    const found = this.#answers.findLast(
      ({ message }) => message.question?.name.toLowerCase() === name && message.answers.length === 0,
    )
    return found && `the DNS server ${found.server} answered ${rcodeText(found.message.rcode)}`
  }
}

/** Throws `UserError` (exit 1) when the name has no address; `answers` is asked why. */
export async function resolve(
  { host }: Target,
  { ipv4, ipv6 }: { readonly ipv4?: true; readonly ipv6?: true },
  answered: () => Promise<string | undefined>,
): Promise<Resolved[]> {
  const [bare = host, zone] = host.split('%')
  const family = ipv4 === ipv6 ? 0 : ipv4 ? 4 : 6
  try {
    const found = await lookup(bare, { all: true, verbatim: true, family })
    const addresses = [...new Set(found.map(({ address }) => canonical(address)))]
    return addresses.map((addr) => ({ addr, ...(zone !== undefined && { scope: scopeOf(zone) }) }))
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code = String(error) } = error as NodeJS.ErrnoException
    const only = family === 0 ? '' : ` to an IPv${family} address`
    const why = (await answered()) ?? WHY[code] ?? code
    throw new UserError(`Cannot resolve ${JSON.stringify(host)}${only}: ${why}`, {
      hint: HINTS[code] ?? 'see /etc/resolv.conf for the servers that are asked',
      exitCode: EXIT.finding,
      cause: error,
    })
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name, or it has no such address',
  EAI_AGAIN: 'no DNS server answered',
}

const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'check the spelling, /etc/hosts, and the search domains in /etc/resolv.conf',
  EAI_AGAIN: 'check that the servers in /etc/resolv.conf can be reached: socktrace connect SERVER:53',
}

function rcodeText(rcode: number): string {
  if (rcode === RCODE_NONE) return 'that the name has no address of that kind'
  if (rcode === RCODE_NXDOMAIN) return 'NXDOMAIN: there is no such name'
  if (rcode === RCODE_SERVFAIL) return 'SERVFAIL: it could not find out'
  return `with error ${rcode}`
}

/** An address given as such comes back as it was written. */
function canonical(address: string): string {
  const parsed = parseAddress(address)
  return parsed === undefined ? address : formatAddress(parsed.family, parsed.words)
}

/** The index of the interface behind `%`, which a number is already. */
function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) {
    const scope = Number(zone)
    // sin6_scope_id has 32 bits.
    if (scope > 0xffff_ffff)
      throw new UserError(`There is no interface with the number ${zone}`, {
        hint: '`socktrace devices` lists the interfaces',
      })
    return scope
  }
  const scope = networkInterfaces()[zone]?.find(({ family }) => family === 'IPv6')
  if (scope === undefined || !('scopeid' in scope))
    throw new UserError(`There is no interface ${JSON.stringify(zone)} with an IPv6 address`, {
      hint: '`socktrace devices` lists the interfaces',
    })
  return scope.scopeid ?? 0
}
