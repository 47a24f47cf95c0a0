import assert from 'node:assert/strict'
import { test } from 'node:test'
import stringWidth from 'string-width'
import { renderFrame } from '../../src/live/frame.ts'
import type { LiveModel } from '../../src/live/model/model.ts'
import { createStyle } from '../../src/render/style.ts'
import { TraceClock } from '../../src/render/time.ts'
import { assertGolden } from '../support/golden.ts'
import { ORIGIN_MS, REFUSED, scene } from './script.ts'

interface Shot {
  readonly color?: boolean
  readonly unicode?: boolean
}

function shoot(
  model: LiveModel,
  columns: number,
  rows: number,
  { color = false, unicode = true }: Shot = {},
): string[] {
  const style = createStyle(color)
  const format = { columns, rows, style, unicode, timeFormat: 'utc', clock: new TraceClock(0) } as const
  const { lines } = renderFrame(model, format, ORIGIN_MS + 4200)
  assert.equal(lines.length, rows)
  for (const line of lines) assert.equal(stringWidth(line), columns, JSON.stringify(line))
  return [...lines]
}

function golden(name: string, lines: readonly string[]): void {
  assertGolden(`live/${name}.txt`, `${lines.map((line) => line.replace(/ +$/, '')).join('\n')}\n`)
}

function select(model: LiveModel, port: number): void {
  const row = [...model.book.rows.values()].find(({ record }) => record.local.port === port)
  assert.ok(row !== undefined && model.table.hold(row))
}

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [200, 60],
] as const) {
  test(`the screen at ${columns}×${rows}`, () => {
    golden(`main-${columns}`, shoot(scene(), columns, rows))
  })

  test(`the screen at ${columns}×${rows} in colour`, () => {
    golden(`main-${columns}-color`, shoot(scene(), columns, rows, { color: true }))
  })

  test(`the screen at ${columns}×${rows} in ASCII`, () => {
    const lines = shoot(scene(), columns, rows, { unicode: false })
    for (const line of lines) assert.match(line, /^[ -~\u001b]*$/)
    golden(`main-${columns}-ascii`, lines)
  })

  test(`details with a verdict at ${columns}×${rows}`, () => {
    const model = scene()
    model.details = true
    select(model, REFUSED.client.port)
    golden(`verdict-${columns}`, shoot(model, columns, rows))
  })
}

test('details of a connection: both states, options, traffic, what the machine adds', () => {
  const model = scene()
  model.details = true
  select(model, 48_002)
  model.selected = {
    row: model.table.row!.id,
    lines: [['tcp', 'cubic wscale:7,7 rto:200 rtt:0.036/0.018 mss:32768']],
  }
  golden('details-120', shoot(model, 120, 40))
})

/** The refused connection with more to say than 14 lines hold. */
function wordy(): LiveModel {
  const model = scene()
  const detail =
    'NETFILTER_DROP in nf_hook_slow, by the rule `tcp dport 8080 counter reject` of a chain that is long'
  model.verdict({
    ...REFUSED,
    flow: 3,
    evidence: REFUSED.evidence.map((each) => ({ ...each, detail: `${detail}, ${detail}` })),
    advice: [detail, `${detail}, ${detail}`],
  })
  model.details = true
  select(model, REFUSED.client.port)
  return model
}

test('long evidence and advice: whole where the table leaves room, cut where there is none', () => {
  const roomy = shoot(wordy(), 120, 60)
  golden('verdict-long-120', roomy)
  const card = roomy.slice(roomy.findIndex((line) => line.startsWith('  details ['))).slice(0, 30)
  assert.equal(card.filter((line) => line.includes('…') && !/^\d/.test(line)).length, 0)
  const tight = shoot(wordy(), 120, 24).filter((line) => /^ {2}(wire|kernel|try) /.test(line))
  assert.equal(tight.length, 4)
  assert.ok(tight.some((line) => line.includes('…')))
})

test('the ladder of a connection', () => {
  const model = scene()
  select(model, 48_000)
  model.openOverlay('ladder')
  golden('ladder-120', shoot(model, 120, 40))
})

test('the ladder draws every packet that is held, and of what is older what happened', () => {
  const model = scene()
  select(model, 48_000)
  model.openOverlay('ladder')
  const [syn] = model.table.row!.card!.events
  const after = (ms: number): number => syn!.at + ms * 1e6
  const whole = {
    steps: [
      { at: syn!.at, fromClient: true, what: '[S]', len: 0 },
      { at: after(0.02), fromClient: false, what: '[S.]', len: 0 },
      { at: after(1), fromClient: true, what: '[P.] 78 B', len: 78 },
      { at: after(1.1), fromClient: false, what: '[.] ack 79', len: 0 },
    ],
    whole: true,
  }
  model.heldSteps = whole
  golden('ladder-packets-120', shoot(model, 120, 40))
  model.heldSteps = { steps: whole.steps.slice(2), whole: false }
  golden('ladder-packets-older-120', shoot(model, 120, 40))
})

test('followed bytes: both sides, what was missed, nothing that moves the cursor', () => {
  const model = scene()
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  model.follow.start(1)
  model.follow.add('client', bytes('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 0)
  model.follow.add('server', bytes(`HTTP/1.1 200 OK\r\n\r\nred \u001b[31m ${'long '.repeat(40)}`), 0)
  model.follow.add('server', new Uint8Array(0), 1448)
  model.openOverlay('stream')
  golden('stream-80', shoot(model, 80, 24))
})

test('the help fits a wide screen and scrolls on a small one', () => {
  const model = scene()
  model.facts.lacks = ['the kernel plane is not watched; run it with sudo']
  model.openOverlay('help')
  golden('help-120', shoot(model, 120, 40))
  const small = shoot(model, 80, 24)
  model.scroll = Number.MAX_SAFE_INTEGER
  const end = shoot(model, 80, 24)
  assert.notDeepEqual(small, end)
  assert.match(end.join('\n'), /not watched; run it with sudo/)
})

test('groups, a filter that cannot be read, a question, a pause', () => {
  const model = scene()
  model.nextGrouping()
  golden('group-process-80', shoot(model, 80, 24))
  model.startEdit()
  model.edit!.insert('state nowhere')
  model.edited()
  assert.match(shoot(model, 120, 24).at(-1)!, /^\/state nowhere +expected a state/)
  model.cancelEdit()
  model.question = 'Close 127.0.0.1:1 → 127.0.0.1:2?'
  assert.match(shoot(model, 80, 24)[1]!, /^Close 127.0.0.1:1 → 127.0.0.1:2\? \[y\/N\]/)
  model.pause()
  assert.match(shoot(model, 80, 24)[2]!, /paused, 0 events wait/)
})

test('the cursor stands behind what is typed', () => {
  const model = scene()
  model.startEdit()
  model.edit!.insert('日x')
  const style = createStyle(false)
  const format = {
    columns: 80,
    rows: 24,
    style,
    unicode: true,
    timeFormat: 'utc',
    clock: new TraceClock(0),
  } as const
  assert.deepEqual(renderFrame(model, format, ORIGIN_MS).cursor, { x: 4, y: 23 })
})

test('every size is drawn, down to one where it only says what it needs', () => {
  for (let columns = 1; columns <= 210; columns += 7)
    for (let rows = 1; rows <= 62; rows += 5) {
      const model = scene()
      model.details = columns % 2 === 0
      shoot(model, columns, rows)
    }
})

test('selection is told without colour', () => {
  const lines = shoot(scene(), 80, 24)
  assert.equal(lines.filter((line) => line.includes('\u001b[7m')).length, 1)
})
