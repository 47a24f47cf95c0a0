import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cellWidth } from '../../src/render/cell-width.ts'
import { ladderText } from '../../src/render/ladder.ts'
import { ladderMermaid } from '../../src/render/ladder-mermaid.ts'
import { type Ladder, LadderRows, type LadderStep } from '../../src/render/ladder-model.ts'
import { ladderSvg } from '../../src/render/ladder-svg.ts'
import { createStyle } from '../../src/render/style.ts'
import { assertGolden } from '../support/golden.ts'

const plainStyle = createStyle(false)

function step(at: number, fromClient: boolean, len: number, label?: string): LadderStep {
  const said = label === undefined ? {} : { label, text: `about ${label}` }
  return { at, fromClient, what: `[.] ${len} B`, len, tone: label === undefined ? 'plain' : 'warn', ...said }
}

function ladderOf(rows: LadderRows, names: Partial<Ladder> = {}): Ladder {
  return {
    flow: 3,
    proto: 'tcp',
    client: { addr: '10.0.0.1', port: 40_000 },
    server: { addr: '2001:db8::2', port: 443 },
    outcome: 'closed',
    rows: rows.rows(),
    ...names,
  }
}

const anyStep = fc.record({
  fromClient: fc.boolean(),
  len: fc.nat(1000),
  label: fc.option(fc.constant('dup ack #1'), { nil: undefined, freq: 20 }),
})

test('rows: nothing is lost, order is kept, what has something to say about it is drawn', () =>
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (given) => {
      const rows = new LadderRows()
      const steps = given.map(({ fromClient, len, label }, at) => step(at, fromClient, len, label))
      for (const one of steps) rows.add(one)
      let next = 0
      for (const row of rows.rows()) {
        if ('step' in row) assert.equal(row.step, steps[next++])
        else {
          const skipped = steps.slice(next, next + row.skip.packets)
          const bytes = (fromClient: boolean): number =>
            skipped.reduce((sum, one) => sum + (one.fromClient === fromClient ? one.len : 0), 0)
          assert.ok(skipped.every(({ label }) => label === undefined))
          assert.deepEqual(row.skip, {
            packets: skipped.length,
            clientBytes: bytes(true),
            serverBytes: bytes(false),
            from: skipped[0]!.at,
            to: skipped.at(-1)!.at,
          })
          next += row.skip.packets
        }
      }
      assert.equal(next, steps.length)
    }),
  ))

test('rows: a flow of any length has so many at most', () => {
  const rows = new LadderRows()
  for (let i = 0; i < 50_000; i++) rows.add(step(i, i % 2 === 0, 10, i % 3 === 0 ? 'dup ack #1' : undefined))
  assert.ok(rows.rows().length < 450, `${rows.rows().length}`)
  const last = rows.rows().at(-1)!
  assert.ok('step' in last && last.step.at === 49_999)
})

test('text: arrows, a gap, packets left out, a terminal of 80 cells', () => {
  const rows = new LadderRows()
  rows.add({
    at: 0,
    fromClient: true,
    what: '[S]',
    len: 0,
    tone: 'good',
    label: 'handshake 1/3',
    text: 'a sentence of some length',
  })
  for (let i = 0; i < 12; i++) rows.add(step(1e6 * i, i % 3 === 0, 1460))
  rows.add({ at: 3e9, fromClient: false, what: '[R]', len: 0, tone: 'bad', label: 'reset', text: 'gone' })
  const ladder = ladderOf(rows, { clientProcess: 'curl[7]', serverProcess: 'nginx[8]' })
  const text = ladderText(ladder, { style: plainStyle, width: 80, started: '12:00:00.000000' })
  assertGolden('ladder/narrow.txt', text)
  const lines = text.split('\n')
  assert.ok(lines.every((line) => line.length <= 80))
})

test('text: no line is longer than the terminal; names that do not fit keep their ends', () => {
  const rows = new LadderRows()
  for (let i = 0; i < 12; i++) rows.add(step(1e6 * i, i % 3 === 0, 1460))
  rows.add(step(3e9, false, 0, 'dup ack #1'))
  const long = { addr: '2001:db8:1111:2222:3333:4444:5555:6666', port: 54_321 }
  const ladders = [
    ladderOf(rows),
    ladderOf(rows, { client: long, clientProcess: 'a-long-name-zażółć[4194304]' }),
    ladderOf(rows, { server: long, serverProcess: 'a-long-name[4194304]' }),
    ladderOf(rows, { client: long, server: long }),
  ]
  for (const ladder of ladders)
    for (let width = 25; width <= 130; width += 3) {
      const lines = ladderText(ladder, { style: plainStyle, width, started: '12:00:00.000000' }).split('\n')
      assert.deepEqual([Math.max(...lines.map(cellWidth)) <= width, width], [true, width], lines.join('\n'))
    }
  const lines = ladderText(ladders[3]!, { style: plainStyle, width: 40 }).split('\n')
  assert.deepEqual(lines.slice(0, 2), [
    '            client              server',
    '            [2001:d…:54321  [2001:…54321',
  ])
})

/** Whatever another process calls itself. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '"><script>x</script>',
    'a;b#c%%d',
    '--> end',
    '\u001b[31mred\u202e',
    'x\ny',
    ']]>',
    '&amp;',
  ),
)

test('SVG: no name gets out of its text', () =>
  fc.assert(
    fc.property(hostile, hostile, (name, text) => {
      const rows = new LadderRows()
      rows.add({ at: 0, fromClient: true, what: name, len: 0, tone: 'bad', label: 'reset', text })
      const svg = ladderSvg(ladderOf(rows, { clientProcess: name }), text)
      const tags = [...svg.matchAll(/<[^>]*>/g)].map(([tag]) =>
        tag.replace(/[ /].*$/s, '').replace(/[<>]/g, ''),
      )
      const own = new Set(['svg', 'title', 'defs', 'marker', 'path', 'rect', 'text', 'line', ''])
      assert.deepEqual(
        tags.filter((tag) => !own.has(tag)),
        [],
      )
      const bare = svg.replace(/<[^>]*>/g, '')
      assert.doesNotMatch(bare, /[<>]|&(?!amp;|lt;|gt;|quot;)/)
      // XML 1.0 has no other control character, and no half of a surrogate pair.
      assert.doesNotMatch(
        svg,
        /[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e]|[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff][\udc00-\udfff])/,
      )
    }),
  ))

test('Mermaid: a line stays one statement', () =>
  fc.assert(
    fc.property(hostile, hostile, (name, text) => {
      const rows = new LadderRows()
      rows.add({ at: 0, fromClient: false, what: '[R.]', len: 0, tone: 'bad', label: 'reset', text })
      const lines = ladderMermaid(ladderOf(rows, { serverProcess: name }), 'now').split('\n')
      assert.equal(lines.length, 7)
      for (const line of lines.slice(1, -1)) {
        const words = line
          .replace(/^ {2}(participant [CS] as |Note over C,S: |S-xC: )/, '')
          .replaceAll('<br/>', '')
        assert.notEqual(words, line)
        assert.doesNotMatch(words.replace(/#\d+;/g, ''), /[;#%<>"&{}\n]/)
      }
    }),
  ))

test('a drop stands on the arrow of its packet, whichever is told first; one of a packet never seen has its own', () => {
  const [sent, drop] = [
    step(1_000_000, true, 0),
    { at: 1_030_000, fromClient: true, what: '[.]', reason: 'X' },
  ]
  for (const told of ['after', 'before']) {
    const rows = new LadderRows()
    if (told === 'before') rows.drop(drop)
    rows.add(sent)
    if (told === 'after') rows.drop(drop)
    rows.add(step(2_000_000, true, 0))
    const [first, second, ...more] = rows.rows().map((row) => ('step' in row ? row.step : undefined))
    assert.deepEqual(first, {
      ...sent,
      label: 'drop',
      text: 'dropped on this host: X',
      tone: 'bad',
      dropped: true,
    })
    assert.deepEqual([second?.dropped, more], [undefined, []], told)
  }
  const rows = new LadderRows()
  rows.add(step(0, true, 0))
  rows.add(step(90e6, true, 0))
  rows.drop({ ...drop, at: 40e6 })
  const arrows = ladderText(ladderOf(rows), { style: plainStyle }).split('\n').slice(2, 5)
  assert.deepEqual(
    arrows.map((line) => line.includes('✗│  drop')),
    [false, true, false],
  )
})
