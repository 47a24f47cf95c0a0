import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Btf, type TextSearch } from '../../src/kernel/btf.ts'
import { readLayout } from '../../src/kernel/layout.ts'

const RUNNING = '/sys/kernel/btf/vmlinux'

/** Types as words: name (a string of the table), info, size or type, then whatever follows. */
function btf(types: readonly (readonly (string | number)[])[], magic = 0xeb9f): Uint8Array {
  const strings = ['']
  const words = types.flat().map((word) => {
    if (typeof word === 'number') return word
    const known = strings.indexOf(word)
    if (known < 0) strings.push(word)
    return strings.slice(0, strings.indexOf(word)).reduce((length, text) => length + text.length + 1, 0)
  })
  const text = Buffer.from(`${strings.join('\0')}\0`, 'latin1')
  const bytes = new Uint8Array(24 + words.length * 4 + text.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, magic, true)
  for (const [index, word] of [24, 0, words.length * 4, words.length * 4, text.length].entries())
    view.setUint32(4 + index * 4, word, true)
  for (const [index, word] of words.entries()) view.setUint32(24 + index * 4, word, true)
  bytes.set(text, 24 + words.length * 4)
  return bytes
}

const kind = (number: number, count = 0, flag = 0): number => ((flag << 31) | (number << 24) | count) >>> 0
const [INT, POINTER, ARRAY, STRUCT, UNION, ENUM, FORWARD, TYPEDEF] = [1, 2, 3, 4, 5, 6, 7, 8]
const [CONST, FUNCTION, PROTOTYPE, VARIABLE, SECTION, FLOAT, DECLARATION_TAG, ENUM64] = [
  10, 12, 13, 14, 15, 16, 17, 19,
]

/** One type of every kind that has something behind it, so that walking past each is needed. */
const TYPES = btf([
  ['int', kind(INT), 4, 0x20],
  ['', kind(UNION, 2), 8, 'first', 1, 0, '', 3, 0],
  ['', kind(STRUCT, 1), 8, 'deep', 1, 32],
  ['inner_t', kind(TYPEDEF), 5],
  ['', kind(CONST), 6],
  ['inner', kind(STRUCT, 1), 16, 'leaf', 1, 64],
  ['outer', kind(STRUCT, 4, 1), 64, 'a', 1, 0, '', 2, 64, 'in', 4, 128, 'bits', 1, (3 << 24) | 257],
  ['', kind(ARRAY), 0, 1, 1, 4],
  ['reason', kind(ENUM, 2), 4, 'REASON_ONE', 1, 'REASON_TWO', 2],
  ['wide', kind(ENUM64, 1), 8, 'W', 1, 0],
  ['', kind(PROTOTYPE, 3), 0, '', 13, '', 1, '', 13],
  ['', kind(POINTER), 11],
  ['', kind(POINTER), 0],
  ['btf_trace_event', kind(TYPEDEF), 12],
  ['', kind(PROTOTYPE, 2), 1, 'file', 13, 'length', 1],
  ['work', kind(FUNCTION, 1), 15],
  ['value', kind(VARIABLE), 1, 1],
  ['.data', kind(SECTION, 1), 8, 17, 0, 8],
  ['float', kind(FLOAT), 4],
  ['tag', kind(DECLARATION_TAG), 16, 0],
  ['ahead', kind(FORWARD), 0],
  ['last', kind(STRUCT, 1), 4, 'z', 1, 0],
])

const search: TextSearch = (bytes, text) => Buffer.from(bytes).indexOf(text, 0, 'latin1')
/** With a search for names, and without. */
const BOTH = [new Btf(TYPES), new Btf(TYPES, search)]

test('members by path, through anonymous members, typedefs and qualifiers', () => {
  const cases: [string, string, number | undefined][] = [
    ['outer', 'a', 0],
    ['outer', 'first', 8],
    ['outer', 'deep', 12],
    ['outer', 'in', 16],
    ['outer', 'in.leaf', 24],
    ['outer', 'bits', undefined],
    ['outer', 'none', undefined],
    ['outer', 'a.none', undefined],
    ['none', 'a', undefined],
    ['last', 'z', 0],
  ]
  for (const types of BOTH)
    for (const [struct, path, expected] of cases)
      assert.equal(types.offset(struct, path), expected, `${struct}.${path}`)
})

test('enums, tracepoints and functions', () => {
  for (const types of BOTH) {
    assert.deepEqual(
      [...types.enumerators('reason')!],
      [
        [1, 'REASON_ONE'],
        [2, 'REASON_TWO'],
      ],
    )
    assert.equal(types.enumerators('none'), undefined)
    assert.equal(types.tracepointArguments('event'), 2)
    assert.equal(types.tracepointArguments('none'), undefined)
    assert.deepEqual(types.function('work'), { id: 16, parameters: ['file', 'length'] })
    // The name of a member, and of a type of another kind.
    assert.equal(types.function('leaf'), undefined)
    assert.equal(types.function('outer'), undefined)
  }
})

test('bytes that begin anywhere in their memory', () => {
  const memory = new Uint8Array(TYPES.length + 1)
  memory.set(TYPES, 1)
  assert.equal(new Btf(memory.subarray(1), search).offset('outer', 'deep'), 12)
})

test('what is no BTF, is cut, or has a kind that is not known, is refused', () => {
  assert.throws(() => new Btf(btf([], 0x9feb)), RangeError)
  assert.throws(() => new Btf(btf([['odd', kind(25), 0]])), /unknown kind 25/)
  for (let length = 0; length < TYPES.length; length += 7)
    assert.throws(() => new Btf(TYPES.slice(0, length)), RangeError, `${length} bytes`)
})

test('a kernel that lacks a member is refused by its name', () => {
  assert.throws(() => readLayout(new Btf(TYPES)), /this kernel lacks sock_common\.skc_daddr, /)
})

test('the running kernel', { skip: !existsSync(RUNNING) && 'this kernel has no BTF' }, () => {
  const types = new Btf(readFileSync(RUNNING), search)
  const { common } = readLayout(types)
  assert.deepEqual(common, readLayout(new Btf(readFileSync(RUNNING))).common)
  // struct sock_common begins with the pair of addresses, the remote one first, in every Linux since 3.9.
  assert.deepEqual([common.remote, common.local], [0, 4])
  assert.equal(common.local6 - common.remote6, 16)
  assert.equal(types.tracepointArguments('inet_sock_set_state'), 3)
  assert.equal(types.enumerators('skb_drop_reason')?.get(0), 'SKB_NOT_DROPPED_YET')
})
