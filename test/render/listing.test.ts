import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { cellWidth, cutEnd, cutMiddle } from '../../src/render/cell-width.ts'
import { type Column, writeColumns } from '../../src/render/columns.ts'
import { writeCsv } from '../../src/render/csv.ts'
import { type SocketColumn, socketColumns } from '../../src/render/socket-columns.ts'
import { groupColumns } from '../../src/render/socket-group.ts'
import { socketJson } from '../../src/render/socket-json.ts'
import { NUMERIC } from '../../src/render/socket-text.ts'
import { renderTree } from '../../src/render/socket-tree.ts'
import { createStyle } from '../../src/render/style.ts'
import { renderTable } from '../../src/render/table.ts'
import { groupSockets } from '../../src/sockets/group.ts'
import { assertGolden } from '../support/golden.ts'
import { SOCKETS } from '../support/socket-fixtures.ts'

const ALL = socketColumns(NUMERIC)
const DEFAULT = pick('netid,state,recv_q,send_q,local,remote,process')
const EXTENDED = [...DEFAULT, ...pick('timer,extended')]

function pick(names: string): SocketColumn[] {
  return names.split(',').map((name) => ALL.find((column) => column.name === name)!)
}

function asColumns<T>(
  records: readonly T[],
  columns: readonly Column<T>[],
  width?: number,
  color = false,
): string {
  let text = ''
  writeColumns(records, columns, { header: true, style: createStyle(color), width }, (part) => {
    text += part
  })
  return text
}

for (const width of [60, 80, 120, 200])
  for (const color of [false, true]) {
    const suffix = `${width}${color ? '-color' : ''}.txt`
    test(`listing at ${width} columns, colour ${color ? 'on' : 'off'}`, () => {
      const style = createStyle(color)
      const outputs = {
        table: renderTable(SOCKETS, DEFAULT, { header: true, style, width }),
        'table-extended': renderTable(SOCKETS, EXTENDED, { header: true, style, width }),
        columns: asColumns(SOCKETS, EXTENDED, width, color),
      }
      for (const [name, text] of Object.entries(outputs)) {
        assertGolden(`list/${name}-${suffix}`, text)
        const lines = stripVTControlCharacters(text).split('\n')
        assert.equal(lines.length, SOCKETS.length + 2, 'one line each, the header, the end')
        for (const line of lines) {
          assert.ok(cellWidth(line) <= width, line)
          assert.doesNotMatch(line, / $/)
        }
      }
    })
  }

test('the table and the columns are the same text', () => {
  for (let width = 20; width < 240; width += 7)
    assert.equal(
      renderTable(SOCKETS, DEFAULT, { header: true, style: createStyle(false), width }),
      asColumns(SOCKETS, DEFAULT, width),
    )
})

for (const width of [60, 120])
  for (const color of [false, true])
    test(`tree and groups at ${width} columns, colour ${color ? 'on' : 'off'}`, () => {
      const suffix = `${width}${color ? '-color' : ''}.txt`
      const style = createStyle(color)
      const waiting = { ...SOCKETS[2]!, inode: 0, processes: [] }
      const tree = renderTree([...SOCKETS, waiting], NUMERIC, style, width)
      const groups = renderTable(groupSockets(SOCKETS, 'process'), groupColumns('process'), {
        header: true,
        style,
        width,
      })
      assertGolden(`list/tree-${suffix}`, tree)
      assertGolden(`list/groups-${suffix}`, groups)
      for (const line of stripVTControlCharacters(tree + groups).split('\n'))
        assert.ok(cellWidth(line) <= width, line)
      assert.doesNotMatch(stripVTControlCharacters(tree + groups), /[\u001b\u202e]/)
    })

test('without a width nothing is cut', () => {
  assertGolden('list/columns-piped.txt', asColumns(SOCKETS, EXTENDED))
})

test('no records, no header', () => {
  const options = { header: false, style: createStyle(false), width: 80 }
  assert.equal(renderTable([], DEFAULT, options), '')
  writeColumns([], DEFAULT, options, () => assert.fail('nothing is written'))
})

test('CSV: every column, RFC 4180', () => {
  let text = ''
  writeCsv(SOCKETS, ALL, true, (row) => {
    text += row
  })
  assertGolden('list/sockets.csv', text)
})

for (const [field, quoted] of [
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['two\nlines', '"two\nlines"'],
  ['', ''],
] as const)
  test(`the CSV field ${JSON.stringify(field)}`, () => {
    let text = ''
    const column = { name: 'name', header: 'Name', text: (value: string) => value }
    writeCsv([field], [column, column], false, (row) => {
      text += row
    })
    assert.equal(text, `${quoted},${quoted}\r\n`)
  })

test('JSON: keys in the order of the contract, ASCII, nothing lost', () => {
  const stamp = { time: '2026-01-02T03:04:05.000000006Z', ts: 1_767_323_045 }
  for (const record of SOCKETS) {
    const line = socketJson(record, stamp, NUMERIC)
    assert.match(line, /^[ -~]+\n$/)
    assert.deepEqual(JSON.parse(line), { ...record, ...stamp })
    assert.deepEqual(Object.keys(JSON.parse(line)).slice(0, 5), ['type', 'time', 'ts', 'netid', 'family'])
  }
})

test('JSON: names of hosts when they are known', () => {
  const names = { ...NUMERIC, host: (addr: string) => (addr === '192.0.2.80' ? 'web.example' : undefined) }
  const { local, remote } = JSON.parse(socketJson(SOCKETS[3]!, { time: '', ts: 0 }, names))
  assert.deepEqual(remote, { addr: '192.0.2.80', port: 8080, name: 'web.example' })
  assert.deepEqual(local, SOCKETS[3]!.local)
})

test('cut texts fit and keep their ends', () => {
  assert.equal(cutEnd('nginx[77] fd 6', 9), 'nginx[77…')
  assert.equal(cutMiddle('[2001:db8::7334]:443', 11), '[2001…]:443')
  assert.equal(cutMiddle('名前解決名前', 6), '名…前')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      for (const cut of [cutEnd(text, width), cutMiddle(text, width)]) {
        assert.ok(cellWidth(cut) <= width, JSON.stringify(cut))
        if (cellWidth(text) <= width) assert.equal(cut, text)
        else assert.ok(cut.includes('…'))
      }
    }),
  )
})
