import type { CommanderError } from 'commander'
import { EXIT, UserError } from '../user-error.ts'
import { closest } from './closest.ts'

/** A refusal of commander's, and what this program says in its place. */
const SENTENCES: readonly [pattern: RegExp, message: (found: readonly string[]) => string][] = [
  [/^unknown option '(.*?)'/, ([flag]) => `There is no option ${flag}`],
  [/^option '.*?(--?[^ ,']+)(?: [<[].*?)?' argument missing/, ([flag]) => `${flag} needs a value`],
  [/^missing required argument '(.*)'/, ([name]) => `<${name}> is missing`],
  [
    /^too many arguments(?: for '(.*)')?\. Expected (\d+)/,
    ([name, expected]) => `Too many arguments${name ? ` for ${name}` : ''}: it takes ${countOf(expected!)}`,
  ],
  [
    /^option '.*?(--?[^ ,']+)(?: [<[].*?)?' cannot be used with option '.*?(--?[^ ,']+)(?: [<[].*?)?'/,
    ([one, other]) => `${one} cannot be used with ${other}`,
  ],
  [
    /^option '.*?(--?[^ ,']+)(?: [<[].*?)?' argument '(.*)' is invalid\./s,
    ([flag, value]) => `${flag} cannot be ${JSON.stringify(value)}`,
  ],
  [
    /^command-argument value '(.*)' is invalid for argument '(.*?)'\./s,
    ([value, name]) => `<${name}> cannot be ${JSON.stringify(value)}`,
  ],
]

function countOf(expected: string): string {
  return expected === '0' ? 'none' : expected
}

/** Commander's own refusals (unknown option, missing argument) as errors of this program, with its words. */
export function usageError(error: CommanderError, command: string | undefined): UserError {
  const text = error.message.replace(/^error: /, '')
  const [first = text] = text.split('\n(Did you mean')
  const help = command === undefined ? 'socktrace --help' : `socktrace ${command} --help`
  const hint = hintOf(text) ?? `see \`${help}\``
  for (const [pattern, message] of SENTENCES) {
    const found = pattern.exec(first)
    if (found !== null) return made(message(found.slice(1)), hint, error)
  }
  return made(first, hint, error)
}

/** `names` are those of the commands that there are. */
export function unknownCommand(name: string, names: readonly string[]): UserError {
  const similar = closest(name, names)
  const hint =
    similar.length > 0 ? `did you mean ${alternatives(similar)}?` : `the commands are ${names.join(', ')}`
  return new UserError(`There is no command ${JSON.stringify(name)}`, { hint })
}

/** What may be meant, or what is accepted. */
function hintOf(text: string): string | undefined {
  const similar = /\(Did you mean (?:one of )?(.*)\?\)/.exec(text)?.[1]
  if (similar !== undefined) return `did you mean ${alternatives(similar.split(', '))}?`
  const choices = /Allowed choices are (.*)\.$/.exec(text)?.[1]
  if (choices !== undefined) return `it takes ${alternatives(choices.split(', '))}`
  return /is invalid\. (it takes .*)$/.exec(text)?.[1]
}

function made(message: string, hint: string, cause: unknown): UserError {
  return new UserError(message, { hint, exitCode: EXIT.usage, cause })
}

/** `a`, `a or b`, `a, b or c` */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
