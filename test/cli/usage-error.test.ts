import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import fc from 'fast-check'
import { closest } from '../../src/cli/closest.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { unknownCommand, usageError } from '../../src/cli/usage-error.ts'
import { UserError } from '../../src/user-error.ts'

/** A command line, the message and the hint. */
const MISTAKES: readonly [line: string, message: string, hint: string][] = [
  ['list --format xx', '--format cannot be "xx"', 'it takes ss'],
  ['list -f ipx', '--family cannot be "ipx"', 'it takes inet, inet6, unix, link, netlink or vsock'],
  ['completion tcsh', '<shell> cannot be "tcsh"', 'it takes bash, zsh or fish'],
  ['list --watch 597h', '--watch cannot be "597h"', 'it takes at most 596h'],
  ['list --watch soon', '--watch cannot be "soon"', 'it takes a time such as 5s, 500ms, 2m or 1h'],
  ['trace --duration 0', '--duration cannot be "0"', 'it takes a time such as 5s, 500ms, 2m or 1h'],
  ['trace --pid 1.5', '--pid cannot be "1.5"', 'it takes a whole number from 1 on'],
  ['trace -i', '--interface needs a value', 'see `socktrace trace --help`'],
  ['trace --hex --raw', '--hex cannot be used with --raw', 'see `socktrace trace --help`'],
  ['devices x', 'Too many arguments for devices: it takes none', 'see `socktrace devices --help`'],
  ['help list run', 'Too many arguments for help: it takes 1', 'see `socktrace help --help`'],
  ['trace --bogus', 'There is no option --bogus', 'see `socktrace trace --help`'],
  ['trace --eventz', 'There is no option --eventz', 'did you mean --events?'],
  ['connect', '<host:port> is missing', 'see `socktrace connect --help`'],
  ['read', '<file> is missing', 'see `socktrace read --help`'],
  ['help lst', 'There is no command "lst"', 'did you mean list?'],
  [
    'trace --engine none --ladder',
    '--ladder is about packets: with --engine none there are none',
    'leave out --ladder, or --engine none',
  ],
  [
    'trace --engine none -p',
    '--no-promiscuous is about packets: with --engine none there are none',
    'leave out --no-promiscuous, or --engine none',
  ],
  [
    '--engine none -i lo',
    '--interface is about packets: with --engine none there are none',
    'leave out --interface, or --engine none',
  ],
]

async function refusal(args: readonly string[]): Promise<UserError> {
  const command = Object.hasOwn(COMMANDS, args[0]!) ? args[0] : undefined
  const program = await buildProgram(undefined)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof UserError) return error
    assert.ok(error instanceof CommanderError, String(error))
    return usageError(error, command)
  }
  return assert.fail(`${args.join(' ')} is accepted`)
}

for (const [line, message, hint] of MISTAKES)
  test(`refused: ${line}`, async () => {
    const error = await refusal(line.split(' '))
    assert.deepEqual([error.message, error.hint, error.exitCode], [message, hint, 2])
  })

for (const options of [
  '-s 100',
  '-B 8',
  '-c 1',
  '-w x',
  '--packets',
  '--follow 0',
  '--format eve',
  '--stats',
])
  test(`packets are not watched, and asked for with ${options}`, async () => {
    const { message } = await refusal(['trace', '--engine', 'none', ...options.split(' ')])
    assert.match(message, /is about packets: with --engine none there are none/)
  })

test('a mistyped command', () => {
  const names = Object.keys(COMMANDS)
  const hints = ['lst', 'trcae', 'conect', 'x', 'nothing'].map((name) => unknownCommand(name, names).hint)
  assert.deepEqual(hints.slice(0, 3), ['did you mean list?', 'did you mean trace?', 'did you mean connect?'])
  for (const hint of hints.slice(3)) assert.equal(hint, `the commands are ${names.join(', ')}`)
})

test('one letter too many, missing or wrong, or two swapped: the name is found', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{4,9}$/), { minLength: 1, maxLength: 8 })
  const change = fc.constantFrom('drop', 'double', 'wrong', 'swap')
  fc.assert(
    fc.property(names, fc.nat(), fc.nat(), change, (all, which, where, how) => {
      const name = all[which % all.length]!
      const at = where % (name.length - 1)
      const [before, letter, next, after] = [name.slice(0, at), name[at]!, name[at + 1]!, name.slice(at + 2)]
      const middles = { drop: next, double: letter + letter + next, wrong: `_${next}`, swap: next + letter }
      const found = closest(before + middles[how] + after, all)
      // Another name may be as close, or what was typed itself.
      assert.ok(found.includes(name) || (found.length > 0 && all.length > 1))
    }),
  )
  assert.deepEqual(closest('xyz', ['list', 'trace']), [])
})
