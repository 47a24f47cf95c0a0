import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderManPage } from '../../scripts/man-page.ts'
import { commandModels } from '../../src/cli/command-model.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { completionScript } from '../../src/cli/completion/script.ts'
import { buildProgram } from '../../src/cli/program.ts'

const models = commandModels(await buildProgram(undefined))
const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Runs a shell on a script with the completions in the file `$1`; its output's lines. */
function inShell(shell: (typeof SHELLS)[number], flags: readonly string[], script: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-completion-'))
  try {
    const file = join(folder, 'completion')
    writeFileSync(file, completionScript(shell, models))
    const { stdout, stderr, error } = spawnSync(shell, [...flags, script.replaceAll('FILE', file)], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    })
    if (error !== undefined) throw error
    assert.equal(stderr, '', script)
    return stdout.split('\n').filter((line) => line !== '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the models name every command', () => {
  assert.deepEqual(
    models.map(({ name }) => name),
    ['', ...Object.keys(COMMANDS)],
  )
})

test('docs/socktrace.1 is what the definitions say', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/socktrace.1'), 'utf8')
  assert.equal(page, await renderManPage(), 'make it again: make manual')
})

test('man shows the page without a complaint', () => {
  const page = join(import.meta.dirname, '../../docs/socktrace.1')
  const { status, stderr, stdout } = spawnSync('man', ['--warnings', '-l', page], {
    encoding: 'utf8',
    env: { ...process.env, MANWIDTH: '100', LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
  })
  assert.equal(stderr, '')
  assert.equal(status, 0)
  for (const { name, options } of models) {
    assert.ok(stdout.includes(`socktrace ${name}`.trim()), name)
    for (const { long } of options)
      if (long !== undefined) assert.ok(stdout.includes(long), `${name} ${long}`)
  }
})

for (const shell of SHELLS)
  test(`${shell} accepts its completions, and every option is in them`, () => {
    const script = completionScript(shell, models)
    inShell(shell, ['-n'], 'FILE')
    for (const { name, options } of models)
      for (const { long } of options)
        if (long !== undefined)
          assert.ok(script.includes(shell === 'fish' ? `-l ${long.slice(2)}` : long), `${name} ${long}`)
  })

const BASH = `source FILE
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _socktrace; printf '%s\\n' "\${COMPREPLY[@]}"; }
`

test('bash completes commands, options and values', () => {
  const ask = (line: string): string[] => inShell('bash', ['-c'], `${BASH}ask ${line}`)
  assert.deepEqual(ask('socktrace tra'), ['trace'])
  assert.deepEqual(ask('socktrace trace --fl'), ['--flows'])
  assert.deepEqual(ask('socktrace trace --engine r'), ['ring'])
  assert.deepEqual(ask('socktrace trace -i l'), ['lo'])
  assert.deepEqual(ask('socktrace completion f'), ['fish'])
  assert.deepEqual(ask('socktrace list --group-by s'), ['state'])
  assert.deepEqual(ask('socktrace --js'), ['--json'])
})

test('fish completes commands, options and values', () => {
  const ask = (line: string): string[] =>
    inShell('fish', ['-c'], `source FILE; complete -C '${line}'`).map((found) => found.split('\t')[0]!)
  assert.deepEqual(ask('socktrace tra'), ['trace'])
  assert.deepEqual(ask('socktrace trace --flo'), ['--flows'])
  assert.deepEqual(ask('socktrace trace --engine r'), ['ring'])
  assert.deepEqual(ask('socktrace trace -i l'), ['lo'])
  assert.deepEqual(ask('socktrace completion f'), ['fish'])
})

test('zsh binds the completion to the command', () => {
  const found = inShell(
    'zsh',
    ['-c'],
    'autoload -U compinit; compinit -D -u; source FILE; print $_comps[socktrace]',
  )
  assert.deepEqual(found, ['_socktrace'])
})
