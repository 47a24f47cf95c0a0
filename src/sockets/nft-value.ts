import { type Address, parseAddress } from '../wire/address.ts'
import { unquote } from './nft-ruleset.ts'

/** `undefined` where a value is not understood here, or what it is compared with cannot be known. */
export type Truth = boolean | undefined

const FLAG_BITS: Readonly<Record<string, number>> = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ecn: 0x40,
  cwr: 0x80,
}

/** A number, a range, or a comparison such as `<1024`. An element may carry more behind its first word. */
export function matchNumber([value = '']: readonly string[], own: number): Truth {
  const [, operator, limit] = /^(<=|>=|<|>)(\d+)$/.exec(value) ?? []
  if (operator !== undefined) {
    const number = Number(limit)
    if (operator.length === 2 && own === number) return true
    return operator.startsWith('<') ? own < number : own > number
  }
  const range = /^(\d+)(?:-(\d+))?$/.exec(value)
  return range === null ? undefined : own >= Number(range[1]) && own <= Number(range[2] ?? range[1])
}

export function matchAddress([value = '']: readonly string[], own: Address): Truth {
  const [low = '', high] = value.split('-')
  if (high !== undefined) {
    const [from, to] = [parseAddress(low), parseAddress(high)]
    if (from === undefined || to === undefined) return undefined
    return compareWords(own, from) >= 0 && compareWords(own, to) <= 0
  }
  const [text = '', prefix] = value.split('/')
  const address = parseAddress(text)
  if (address === undefined || address.family !== own.family) return undefined
  const bits = prefix === undefined ? (own.family === 4 ? 32 : 128) : Number(prefix)
  if (!Number.isInteger(bits)) return undefined
  for (let word = 0; word * 32 < bits; word++) {
    const shift = Math.max(0, 32 - (bits - 32 * word))
    if (((own.words[word]! ^ address.words[word]!) >>> shift) << shift !== 0) return false
  }
  return true
}

function compareWords(a: Address, b: Address): number {
  for (let word = 0; word < 4; word++)
    if (a.words[word] !== b.words[word]) return a.words[word]! < b.words[word]! ? -1 : 1
  return 0
}

export function isProtocol([name]: readonly string[], proto: 'tcp' | 'udp'): Truth {
  return name === proto || name === (proto === 'tcp' ? '6' : '17')
}

/** `eth*` stands for every name that begins so. */
export function matchDevice([name = '']: readonly string[], own: string | undefined): Truth {
  if (own === undefined) return undefined
  const wanted = unquote(name)
  return wanted.endsWith('*') ? own.startsWith(wanted.slice(0, -1)) : wanted === own
}

/** `syn` (it is set), or `syn / syn,ack` (of the flags behind the slash only those before it). */
export function matchFlags(value: readonly string[], flags: number | undefined): Truth {
  const slash = value.indexOf('/')
  const set = bitsOf(slash === -1 ? value : value.slice(0, slash))
  const mask = slash === -1 ? undefined : bitsOf(value.slice(slash + 1))
  if (flags === undefined || set === undefined || (slash !== -1 && mask === undefined)) return undefined
  return mask === undefined ? (flags & set) !== 0 : (flags & mask) === set
}

function bitsOf(words: readonly string[]): number | undefined {
  let bits = 0
  for (const word of words) {
    if (word === ',' || word === '|') continue
    const bit = FLAG_BITS[word]
    if (bit === undefined) return undefined
    bits |= bit
  }
  return bits
}
