import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import manifest from '../package.json' with { type: 'json' }
import { builtFile, repository, runCommand } from './support/program.ts'

const PAGES = ['README.md', 'CONTRIBUTING.md', 'docs/performance.md', 'docs/differences.md']
const text = new Map(PAGES.map((page) => [page, readFileSync(page, 'utf8')]))
const readme = text.get('README.md')!

/** Everything that a page shows as code, inline or in a block. */
function code(page: string): string[] {
  return [...page.matchAll(/^```\w*\n([\s\S]*?)^```|`([^`\n]+)`/gm)].map(
    ([, block, inline]) => block ?? inline!,
  )
}

test('every make target that a page names exists', () => {
  const targets = new Set(
    [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name),
  )
  for (const [page, content] of text)
    for (const [, target] of code(content)
      .join('\n')
      .matchAll(/^\s*make ([a-z-]+)/gm))
      assert.ok(targets.has(target), `${page}: make ${target}`)
})

test('every file that a page names exists', () => {
  for (const [page, content] of text) {
    for (const [, path] of content.matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      assert.ok(existsSync(join(dirname(page), path!)), `${page}: ${path}`)
    for (const [, path] of content.matchAll(/`((?:src|scripts|docs|test|bin)\/[\w./-]+)`/g))
      if (!path!.includes('<')) assert.ok(existsSync(path!), `${page}: ${path}`)
  }
})

test('every socktrace command and option that the README shows is one', () => {
  const program = builtFile(repository)
  const help = new Map<string, string>()
  const helpOf = (command: string): string => {
    const line = [program, ...(command === '' ? [] : [command]), '--help']
    if (!help.has(command)) help.set(command, runCommand(line).stdout)
    return help.get(command)!
  }
  const names = [...helpOf('').matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)
  const lines = code(readme)
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s*[#|].*$/, ''))
    .filter((line) => /^socktrace( |$)/.test(line))
  assert.ok(lines.length >= 8, 'the README shows how it is used')
  for (const line of lines) {
    const [, ...words] = line.split(/\s+/)
    const command = words[0] !== undefined && /^[a-z]/.test(words[0]) ? words[0] : ''
    assert.ok(command === '' || names.includes(command), line)
    for (const option of words.filter((word) => word.startsWith('--')))
      assert.ok(option === '--help' || helpOf(command).includes(option), `${line}: ${option}`)
  }
})

test('the exit codes of the README are those of the program', async () => {
  const { EXIT } = await import('../src/user-error.ts')
  const documented = [...readme.matchAll(/^\| (\d) \|/gm)].map(([, number]) => Number(number))
  assert.deepEqual(documented, Object.values(EXIT))
})

test('the package is what the README and the changelog say', () => {
  assert.match(readme, new RegExp(`socktrace-${manifest.version}\\.tgz`))
  assert.match(readFileSync('CHANGELOG.md', 'utf8'), /^## \[(Unreleased|\d+\.\d+\.\d+)\]/m)
  assert.match(readme, new RegExp(`Node ${/\d+/.exec(manifest.engines.node)![0]} or newer`))
  assert.deepEqual(Object.keys(manifest.optionalDependencies), ['cap'])
  for (const path of manifest.files.filter((name) => !name.startsWith('dist')))
    assert.ok(existsSync(path), path)
  // What an output block holds in place of real output is put there only while the README is being written.
  assert.doesNotMatch(readme, /OUTPUT-/)
})

test('the bundle needs nothing but koffi and cap at run time', () => {
  builtFile(repository)
  const foreign = new Set<string>()
  for (const file of readdirSync('dist/cli', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  ))
    for (const [, name] of readFileSync(join('dist/cli', file), 'utf8').matchAll(
      /(?:\bfrom|\bimport\(?)\s*["']([@a-z][^"']*)["']/g,
    ))
      if (!name!.startsWith('node:')) foreign.add(name!)
  assert.deepEqual([...foreign].filter((name) => !builtinModules.includes(name)).sort(), ['cap', 'koffi'])
})
