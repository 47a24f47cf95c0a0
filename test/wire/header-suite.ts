import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Frame } from '../../src/wire/frame.ts'

/** Headers are tried at an odd offset between bytes that must be neither read nor written. */
const MARGIN = 3

/** One header with an example of it; `F` is what its getters say. */
export interface HeaderCase<F> {
  readonly name: string
  /** Hexadecimal, blanks allowed; `fields` is what it says. */
  readonly bytes: string
  readonly fields: F
  at(frame: Frame, offset: number): boolean
  read(): F
  emit(view: DataView, offset: number, fields: F): number
  readonly arbitrary: fc.Arbitrary<F>
  /** Hexadecimal: whole, but with an impossible length (or kind); must be refused. */
  readonly bad: readonly string[]
}

export function fromHex(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

/** `bytes` as a packet of `original` bytes on the wire, between margins of `fill`. */
export function frameOf(bytes: Uint8Array, original = bytes.length, fill = 0xff): Frame {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN).fill(fill)
  memory.set(bytes, MARGIN)
  const frame = new Frame()
  frame.rebind(memory, new DataView(memory.buffer))
  frame.move(MARGIN, bytes.length, original)
  return frame
}

/** The five tests that every header has. */
export function headerSuite<F>(header: HeaderCase<F>): void {
  const example = fromHex(header.bytes)
  const accepts = (bytes: Uint8Array): boolean => header.at(frameOf(bytes), MARGIN)

  test(`${header.name}: deconstruct`, () => {
    assert.ok(accepts(example))
    assert.deepEqual(header.read(), header.fields)
  })

  test(`${header.name}: construct`, () => {
    const memory = new Uint8Array(example.length + 2 * MARGIN)
    const length = header.emit(new DataView(memory.buffer), MARGIN, header.fields)
    assert.deepEqual(memory.subarray(MARGIN, MARGIN + length), example)
    assert.ok(
      [...memory.subarray(0, MARGIN), ...memory.subarray(MARGIN + length)].every((byte) => byte === 0),
    )
  })

  test(`${header.name}: round trip`, () => {
    fc.assert(
      fc.property(header.arbitrary, (fields) => {
        const bytes = new Uint8Array(128)
        header.emit(new DataView(bytes.buffer), 0, fields)
        assert.ok(accepts(bytes))
        assert.deepEqual(header.read(), { ...fields })
      }),
    )
  })

  test(`${header.name}: truncated`, () => {
    for (let length = 0; length < example.length; length++) {
      // What lies behind the captured bytes is the rest of the header: reading on would accept it.
      const frame = frameOf(example)
      frame.move(MARGIN, length, example.length)
      assert.equal(header.at(frame, MARGIN), false, `accepted ${length} of ${example.length} bytes`)
    }
  })

  test(`${header.name}: bad length`, () => {
    assert.equal(header.at(frameOf(example), MARGIN + example.length), false)
    for (const bad of header.bad) assert.equal(accepts(fromHex(bad)), false, bad)
  })
}

export const uint8 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xff })
export const uint16 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xffff })
export const uint32 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xffffffff })
