/** Addresses as host-order numbers of their big-endian 32-bit words; an IPv4 address is word 0 alone. */
export interface Address {
  readonly family: 4 | 6
  /** 4 words. */
  readonly words: Uint32Array
}

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  if (hasDottedTail(w0, w1, w2)) return `::ffff:${formatIpv4(w3)}`
  const groups = [
    w0 >>> 16,
    w0 & 0xffff,
    w1 >>> 16,
    w1 & 0xffff,
    w2 >>> 16,
    w2 & 0xffff,
    w3 >>> 16,
    w3 & 0xffff,
  ]
  let runStart = -1
  let runLength = 1
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0) to++
    if (to - from > runLength) {
      runStart = from
      runLength = to - from
    }
    from = to
  }
  if (runStart < 0) return hex(groups, 0, 8)
  return `${hex(groups, 0, runStart)}::${hex(groups, runStart + runLength, 8)}`
}

function hex(groups: readonly number[], from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += i === from ? groups[i]!.toString(16) : `:${groups[i]!.toString(16)}`
  return text
}

/** `family` 4 or 6; `words` has 4 words, of which IPv4 uses the first. */
export function formatAddress(family: number, words: ArrayLike<number>): string {
  if (family === 4) return formatIpv4(words[0]!)
  return formatIpv6(words[0]!, words[1]!, words[2]!, words[3]!)
}

/** Canonical or not, but strict: no leading zeros in IPv4, no zone, no prefix. `undefined` when it is no address. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const word = parseIpv4(text)
    return word === undefined ? undefined : { family: 4, words: Uint32Array.of(word, 0, 0, 0) }
  }
  const words = parseIpv6(text)
  return words === undefined ? undefined : { family: 6, words }
}

/** Of the canonical text of an address: one that every host and every network namespace has for itself. */
export function isLoopback(addr: string): boolean {
  return addr === '::1' || /^(?:::ffff:)?127\./.test(addr)
}

/** Of the canonical text of an address: fe80::/10 (RFC 4291 section 2.5.6), which needs an interface to be reached. */
export function isLinkLocal(addr: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(addr)
}

/** IPv4-mapped addresses (::ffff:0:0/96) are written with a dotted tail (RFC 5952 section 5). */
function hasDottedTail(w0: number, w1: number, w2: number): boolean {
  return w0 === 0 && w1 === 0 && w2 === 0xffff
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let word = 0
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    word = word * 256 + Number(part)
  }
  return word
}

function parseIpv6(text: string): Uint32Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const tailed = halves.length === 2
  const head = parseGroups(halves[0]!, !tailed)
  const tail = tailed ? parseGroups(halves[1]!, true) : []
  if (head === undefined || tail === undefined) return undefined
  const given = head.length + tail.length
  // `::` stands for at least one group (RFC 4291 section 2.2).
  if (tailed ? given > 7 : given !== 8) return undefined
  const groups = [...head, ...new Array<number>(8 - given).fill(0), ...tail]
  return Uint32Array.from({ length: 4 }, (_, i) => groups[2 * i]! * 0x10000 + groups[2 * i + 1]!)
}

/** 16-bit groups of one side of `::`; a dotted quad may stand last. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const word = parseIpv4(part)
      if (word === undefined) return undefined
      groups.push(word >>> 16, word & 0xffff)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
