import { parseAddress } from '../wire/address.ts'

/** An address with a prefix length; `words` are host-order numbers of the big-endian words. */
export interface HostPattern {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly prefix: number
}

/** `HOST[:PORT]` of the filter language split up; `undefined` in `host` or `port` is any. */
export interface HostAndPort {
  readonly host: string | undefined
  readonly port: string | undefined
}

/** Splits `ADDR[/N][:PORT]`, `[V6][/N][:PORT]`, `[V6/N][:PORT]`, `*[:PORT]`, `:PORT` and a bare IPv6 address. */
export function splitHost(text: string): HostAndPort {
  const bracketed = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/.exec(text)
  if (bracketed !== null) return anyOf(bracketed[1]! + (bracketed[2] ?? ''), bracketed[3])
  // A bare IPv6 address is all colons; after its prefix length a colon can only be the port's.
  if (parseAddress(text)?.family === 6) return anyOf(text, undefined)
  const slash = text.indexOf('/')
  const colon = slash === -1 ? text.lastIndexOf(':') : text.indexOf(':', slash)
  return colon === -1 ? anyOf(text, undefined) : anyOf(text.slice(0, colon), text.slice(colon + 1))
}

function anyOf(host: string, port: string | undefined): HostAndPort {
  return {
    host: host === '' || host === '*' ? undefined : host,
    port: port === '' || port === '*' ? undefined : port,
  }
}

/** `10.0.0.1`, `10.0.0.0/8`, `193.233.7/24` (missing octets are zero), `2001:db8::/32`; `undefined` when it is none. */
export function parseHostPattern(text: string): HostPattern | undefined {
  const match = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text)
  if (match === null) return undefined
  const given = match[1]!
  const octets = /^\d+(\.\d+){0,2}$/.test(given) ? given + '.0'.repeat(4 - given.split('.').length) : given
  const address = parseAddress(octets)
  if (address === undefined) return undefined
  const width = address.family === 4 ? 32 : 128
  const prefix = match[2] === undefined ? width : Number(match[2])
  return prefix > width ? undefined : { family: address.family, words: [...address.words], prefix }
}

/** True when the canonical `addr` lies in the pattern. An IPv4 pattern takes IPv4-mapped IPv6 too, as in ss. */
export function matchesHost(pattern: HostPattern, addr: string): boolean {
  const address = parseAddress(addr)
  if (address === undefined) return false
  if (address.family === pattern.family) return samePrefix(pattern.words, address.words, pattern.prefix)
  const [a, b, c, d] = address.words
  const mapped = address.family === 6 && a === 0 && b === 0 && c === 0xffff
  return mapped && samePrefix(pattern.words, [d!], pattern.prefix)
}

function samePrefix(a: ArrayLike<number>, b: ArrayLike<number>, bits: number): boolean {
  for (let word = 0, left = bits; left > 0; word++, left -= 32) {
    // A shift by 32 would shift by 0.
    const ignored = left >= 32 ? 0 : 32 - left
    if (((a[word]! ^ b[word]!) >>> ignored) << ignored !== 0) return false
  }
  return true
}
