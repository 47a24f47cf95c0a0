import type { CommandModel, OptionModel } from '../command-model.ts'
import { argumentKind, LISTINGS, type ValueKind, valueKind } from './values.ts'

/** Completions for fish (complete(1) of fish). */
export function fishCompletion(commands: readonly CommandModel[]): string {
  const [program, ...others] = commands
  const lines = ['# fish completion of socktrace', 'complete -c socktrace -f']
  for (const { name, aliases, summary } of others)
    for (const word of [name, ...aliases])
      lines.push(`complete -c socktrace -n __fish_use_subcommand -a ${word} -d ${quoted(summary)}`)
  for (const option of program!.options) lines.push(optionLine('__fish_use_subcommand', option))
  for (const command of others) {
    const condition = `__fish_seen_subcommand_from ${[command.name, ...command.aliases].join(' ')}`
    for (const option of command.options) lines.push(optionLine(condition, option))
    const words = command.arguments.flatMap(({ choices }) => choices)
    const action = words.length > 0 ? `-a ${quoted(words.join(' '))}` : completer(argumentKind(command))
    if (action !== '') lines.push(`complete -c socktrace -n ${quoted(condition)} ${action}`)
  }
  return `${lines.join('\n')}\n`
}

function optionLine(condition: string, option: OptionModel): string {
  const { short, long, value, optional, choices, description } = option
  const parts = ['complete -c socktrace', `-n ${quoted(condition)}`]
  if (short !== undefined) parts.push(`-s ${short.slice(1)}`)
  if (long !== undefined) parts.push(`-l ${long.slice(2)}`)
  // -r: a word has to follow; -x: and it is no file.
  if (value !== undefined && !optional)
    parts.push(choices.length === 0 && valueKind(option) === 'file' ? '-r' : '-x')
  if (choices.length > 0) parts.push(`-a ${quoted(choices.join(' '))}`)
  else if (value !== undefined) parts.push(completer(valueKind(option)))
  parts.push(`-d ${quoted(description)}`)
  return parts.filter((part) => part !== '').join(' ')
}

function completer(kind: ValueKind): string {
  switch (kind) {
    case 'file':
      return '-F'
    case 'folder':
      return "-a '(__fish_complete_directories)'"
    case 'user':
      return "-a '(__fish_complete_users)'"
    case 'command':
      return "-a '(__fish_complete_command)'"
    case 'none':
      return ''
    default:
      return `-a ${quoted(`(${LISTINGS[kind]})`)}`
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
