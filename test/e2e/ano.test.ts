import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { cellWidth } from '../../src/render/cell-width.ts'
import { assertGolden } from '../support/golden.ts'
import { Namespace } from '../support/namespace.ts'
import { builtFile, repository, runCommand } from '../support/program.ts'
import { isRoot, rootTest } from '../support/root.ts'

/** Of test/lab/ano.py. */
const ADDRESS = '2001:db8:85a3:8d3:1319:8a2e:370:7348/128'

/** What the executable shows, by the terminal's width and colour; read once. */
function shown(): Record<string, string> {
  const namespace = new Namespace('ano')
  try {
    runCommand(['ip', '-n', namespace.name, 'address', 'add', ADDRESS, 'dev', 'lo', 'nodad'])
    const alone = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    const lab = ['python3', 'test/lab/ano.py', builtFile(repository)]
    const { status, stdout, stderr } = runCommand(namespace.inside([...alone, ...lab]))
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Record<string, string>
  } finally {
    namespace.close()
  }
}

const texts = isRoot ? shown() : {}
const NAMES = ['pipe', ...[60, 80, 120, 200].flatMap((width) => [`${width} plain`, `${width} color`])]

for (const name of NAMES)
  rootTest(`list -ano of sockets held still: ${name}`, () => {
    const text = texts[name]!
    assertGolden(`list/ano-${name.replace(' ', '-')}.txt`, text)
    const width = Number(/^\d+/.exec(name)?.[0] ?? Number.POSITIVE_INFINITY)
    for (const line of text.split('\n')) assert.ok(cellWidth(stripVTControlCharacters(line)) <= width, line)
    // Colour says nothing that the letters do not.
    if (name.endsWith('color'))
      assert.equal(stripVTControlCharacters(text), texts[name.replace('color', 'plain')])
  })
