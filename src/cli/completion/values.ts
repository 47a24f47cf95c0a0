import type { CommandModel, OptionModel } from '../command-model.ts'

/** What kind of words complete a value; the shells know how to find them. */
export type ValueKind =
  | 'file'
  | 'folder'
  | 'interface'
  | 'namespace'
  | 'user'
  | 'process'
  | 'command'
  | 'none'

/** By the word between the brackets of `--help`. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  file: 'file',
  'file.pcapng': 'file',
  folder: 'folder',
  interface: 'interface',
  namespace: 'namespace',
  user: 'user',
  pid: 'process',
}

/** Shell commands that print the candidates of a kind, one a line; they must not fail loudly. */
export const LISTINGS: Readonly<Record<'interface' | 'namespace' | 'process', string>> = {
  interface: 'command ls /sys/class/net 2>/dev/null',
  namespace: 'echo all; command ls /run/netns 2>/dev/null',
  process: 'command ls /proc 2>/dev/null | command grep -xE "[0-9]+"',
}

export function valueKind({ value = '' }: Pick<OptionModel, 'value'>): ValueKind {
  return KINDS[value] ?? 'none'
}

/** What the words of a command that are no options are. */
export function argumentKind(command: CommandModel): ValueKind {
  const [first] = command.arguments
  if (first === undefined) return 'none'
  if (first.name === 'file') return 'file'
  return first.name === 'command' ? 'command' : 'none'
}

/** Every word that names an option. */
export function flagsOf({ options }: CommandModel): string[] {
  return options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined))
}

/** Options that need a value of their own, which is the next word. */
export function valueOptions({ options }: CommandModel): readonly OptionModel[] {
  return options.filter(({ value, optional }) => value !== undefined && !optional)
}
