import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { cannotOpen } from '../../host/input-errors.ts'
import type { ListOptions } from '../list.ts'

/** Tables of sockets that `-A` knows: an option of that name each. */
export const TABLES = [
  'tcp',
  'udp',
  'udplite',
  'raw',
  'icmp',
  'unix',
  'packet',
  'mptcp',
  'sctp',
  'vsock',
  'netlink',
] as const
export type Table = (typeof TABLES)[number]

/** Words of ss for several of them. */
const GROUPS: Readonly<Record<string, readonly Table[]>> = {
  all: TABLES,
  inet: ['tcp', 'udp', 'raw', 'sctp'],
}

/** `-A tcp,udp`, `-A all,!unix`: word by word as ss takes them; given again, it goes on from there. */
export function parseQuery(text: string, before: readonly Table[] = []): readonly Table[] {
  const chosen = new Set(before)
  for (const word of text.split(',')) {
    const name = word.replace(/^!/, '')
    const tables = GROUPS[name] ?? TABLES.filter((table) => table === name)
    if (tables.length === 0)
      throw new InvalidArgumentError(`it takes ${[...Object.keys(GROUPS), ...TABLES].join(', ')}`)
    for (const table of tables) {
      if (word === name) chosen.add(table)
      else chosen.delete(table)
    }
  }
  if (chosen.size === 0) throw new InvalidArgumentError('it takes tables that leave some')
  return [...chosen]
}

/** What ss has two names for, or a list, under the name that it has here. */
export function ourOptions({ query, net, ...options }: ListOptions): ListOptions {
  const tables = Object.fromEntries((query ?? []).map((table) => [table, true]))
  return { ...options, ...tables, ...(net !== undefined && { netns: net }) }
}

/** The words of a filter that stands in a file (`-` is standard input), before those of the command line. */
export function filterWords(words: readonly string[], file: string | undefined): readonly string[] {
  if (file === undefined) return words
  try {
    const lines = readFileSync(file === '-' ? 0 : file, 'utf8').split('\n')
    return [...lines.map((line) => line.trim()).filter((line) => line !== ''), ...words]
  } catch (error) {
    throw cannotOpen(file === '-' ? 'standard input' : JSON.stringify(file), error)
  }
}
