import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import { judge } from '../../src/diagnose/judge.ts'
import { RULES } from '../../src/diagnose/rules.ts'
import { VERDICTS } from '../../src/diagnose/verdict.ts'
import { CASES } from './cases.ts'

const FOLDER = 'src/diagnose/rules'
const source = new Map(
  readdirSync(FOLDER).map((file) => [file, readFileSync(`${FOLDER}/${file}`, 'utf8')] as const),
)

test('every rule of every file is in the list', () => {
  const list = readFileSync('src/diagnose/rules.ts', 'utf8')
  for (const [file, text] of source)
    for (const [, name] of text.matchAll(/^export const (\w+): Rule\b/gm)) {
      assert.match(list, new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from './rules/${file}'`), name)
      assert.match(list, new RegExp(`^  ${name},$`, 'm'), name)
    }
})

test('every rule speaks in some case', () => {
  const spoke = new Set(CASES.map(({ evidence }) => RULES.find((rule) => rule(evidence) !== undefined)))
  assert.deepEqual(
    RULES.filter((rule) => !spoke.has(rule)),
    [],
  )
})

test('every verdict has a section in docs/diagnosis.md, and no other has', () => {
  const page = readFileSync('docs/diagnosis.md', 'utf8')
  const sections = [...page.matchAll(/^### `([\w.-]+)`$/gm)].map(([, name]) => name!)
  assert.deepEqual([...sections].sort(), [...VERDICTS].sort())
  for (const section of page.split(/^### /m).slice(1))
    for (const part of ['Wire:', 'Sure:', 'Do:', 'Reproduce:'])
      assert.ok(section.includes(`**${part}**`), `${section.split('\n')[0]}: ${part}`)
})

/** Any plane of any case, each from another one: what no connection shows must not make a rule fall either. */
const anyEvidence = fc
  .tuple(
    fc.constantFrom(...CASES),
    fc.constantFrom(...CASES),
    fc.constantFrom(...CASES),
    fc.record({
      here: fc.record({ client: fc.boolean(), server: fc.boolean() }),
      ended: fc.boolean(),
      proto: fc.constantFrom('tcp' as const, 'udp' as const),
    }),
    fc.subarray(['wire', 'socket', 'kernel', 'process'] as const),
  )
  .map(([wire, socket, kernel, parts, gone]): Evidence => {
    const mixed = {
      ...wire.evidence,
      ...parts,
      socket: socket.evidence.socket,
      kernel: kernel.evidence.kernel,
    }
    const away = { watched: false, why: 'not there' } as const
    return Object.assign(mixed, ...gone.map((plane) => ({ [plane]: away })))
  })

test('whatever the planes say, each speaks once, in order, and only when it was watched', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const found = judge(evidence)
      if (found === undefined) return
      assert.deepEqual(
        found.evidence.map(({ plane }) => plane),
        ['wire', 'socket', 'process', 'kernel'],
      )
      for (const { plane, status, detail } of found.evidence) {
        assert.equal(status === 'not_watched', !evidence[plane].watched, plane)
        assert.doesNotMatch(detail, /\.$|undefined|NaN|\[object|^$/)
      }
      assert.match(found.summary, /^\S.*[^.]\.$/)
      assert.doesNotMatch(found.summary + found.advice.join(), /undefined|NaN|\[object/)
    }),
    { numRuns: 2000, seed: 5 },
  )
})

test('verdicts of the wire alone name no process, socket or reason of the kernel', () => {
  for (const { evidence } of CASES) {
    const away = { watched: false, why: 'read from a file' } as const
    const here = { client: false, server: false }
    const found = judge({ ...evidence, here, socket: away, process: away, kernel: away })
    if (found !== undefined) assert.doesNotMatch(found.summary, /nginx|curl|NETFILTER|NO_SOCKET|TCP_/)
  }
})
