import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { EXIT, UserError } from '../../user-error.ts'
import { formatAddress, isLinkLocal, parseAddress } from '../../wire/address.ts'
import { type DnsMessage, RCODE_NONE, RCODE_NXDOMAIN, RCODE_SERVFAIL } from '../../wire/dns.ts'
import type { Target } from './target.ts'

/** An address of the target, in the order of getaddrinfo(3): that in which programs try them (RFC 6724). */
export interface Resolved {
  readonly addr: string
  /** Index of the interface of a link-local address. */
  readonly scope?: number
}

/** Why a name has no address, as DNS servers said it on the wire, as far as it was captured. */
export class DnsAnswers {
  readonly #name: string
  #failure: string | undefined

  /** Of others than `host` nothing is kept: they are those of the whole machine. */
  constructor(host: string) {
    this.#name = canonicalName(host)
  }

  /** What was answered last when the name was asked for, and held no address; `undefined` when nothing was seen. */
  get failure(): string | undefined {
    return this.#failure
  }

  add(messages: readonly DnsMessage[], server: string): void {
    for (const { isResponse, question, answers, rcode } of messages)
      if (isResponse && answers.length === 0 && canonicalName(question?.name ?? '') === this.#name)
        this.#failure = `the DNS server ${server} answered ${rcodeText(rcode)}`
  }
}

export interface ResolveOptions {
  readonly ipv4?: true
  readonly ipv6?: true
  readonly interface?: string
}

/** Throws `UserError` (exit 1) when the name has no address; `answers` is asked why. */
export async function resolve(
  { host, port }: Target,
  { ipv4, ipv6, interface: iface }: ResolveOptions,
  answered: () => Promise<string | undefined>,
): Promise<Resolved[]> {
  const [bare = host, zone] = host.split('%')
  const family = ipv4 === ipv6 ? 0 : ipv4 ? 4 : 6
  const given = isIP(bare)
  // lookup() gives an address back whatever family is asked for.
  if (given !== 0 && family !== 0 && given !== family)
    throw new UserError(`Cannot connect to ${host} over IPv${family}: it is an IPv${given} address`, {
      hint: `leave out -${family}, or give a name`,
    })
  if (isLinkLocal(canonical(bare)) && zone === undefined && iface === undefined)
    throw new UserError(`Cannot connect to ${host}: a link-local address needs its interface`, {
      hint: `write [${host}%${exampleLink()}]:${port}; \`socktrace devices\` lists the interfaces`,
    })
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

/** Names are compared without regard to case (RFC 4343); the root's dot may stand behind them. */
function canonicalName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase()
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

/** An interface with a link-local address, for an example. */
function exampleLink(): string {
  const links = Object.entries(networkInterfaces())
  return links.find(([, addresses]) => addresses?.some(({ address }) => isLinkLocal(address)))?.[0] ?? 'eth0'
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
