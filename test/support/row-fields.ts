import { SIDE_BYTES, SIDES_OFFSET } from '../../src/flow/layout.ts'
import type { FlowMemory } from '../../src/flow/memory.ts'

/** How wide a number in a row is. */
type Width = 'u8' | 'u16' | 'u32' | 'f32' | 'f64'
type Fields = Readonly<Record<string, readonly [width: Width, byte: number]>>

/** Where the numbers of a flow are in its row, and those of a side in its part: as `engine/row.ts` has them. */
export const FLOW_FIELDS: Fields = {
  marks: ['u16', 58],
  client: ['u8', 61],
  closer: ['u8', 62],
  icmpError: ['u8', 63],
  start: ['f64', 64],
  synTime: ['f64', 72],
  synAckTime: ['f64', 80],
  ackTime: ['f64', 88],
  closeTime: ['f64', 96],
}
export const SIDE_FIELDS: Fields = {
  lastTime: ['f64', 0],
  wireBytes: ['f64', 16],
  packets: ['u32', 24],
  next: ['u32', 28],
  acked: ['u32', 40],
  zeekLast: ['u32', 44],
  maxWindow: ['u32', 48],
  trouble: ['u32', 52],
  marks: ['u16', 58],
  rttMean: ['f64', 64],
  rttSquares: ['f64', 72],
  rttMin: ['f32', 80],
  rttMax: ['f32', 84],
  rttSamples: ['u32', 88],
  dupAcks: ['u32', 100],
  initial: ['u32', 104],
  synCount: ['u16', 112],
  synAckCount: ['u16', 114],
  mss: ['u16', 116],
  proven: ['u8', 118],
  expected: ['u8', 119],
  zeekState: ['u8', 121],
  zeekBefore: ['u8', 122],
  letters: ['u8', 123],
  lastWraps: ['u8', 124],
  ackedWraps: ['u8', 125],
  options: ['u8', 126],
  scaleOffer: ['u8', 127],
}

export type Values = Readonly<Record<string, number>>

/** Writes numbers of the flow whose row begins at byte `at`. */
export function writeFlow(memory: FlowMemory, at: number, values: Values): void {
  write(memory, at, FLOW_FIELDS, values)
}

/** Those of the side that sends in `direction`. */
export function writeSide(memory: FlowMemory, at: number, direction: number, values: Values): void {
  write(memory, at + SIDES_OFFSET + direction * SIDE_BYTES, SIDE_FIELDS, values)
}

function write({ view }: FlowMemory, at: number, fields: Fields, values: Values): void {
  for (const [name, value] of Object.entries(values)) {
    const [width, byte] = fields[name]!
    switch (width) {
      case 'u8':
        view.setUint8(at + byte, value)
        break
      case 'u16':
        view.setUint16(at + byte, value, true)
        break
      case 'u32':
        view.setUint32(at + byte, value, true)
        break
      case 'f32':
        view.setFloat32(at + byte, value, true)
        break
      case 'f64':
        view.setFloat64(at + byte, value, true)
    }
  }
}
