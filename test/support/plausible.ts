import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { outputSchema } from '../../src/render/schema.ts'
import { parseAddress } from '../../src/wire/address.ts'

const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
const TIME = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/
/** Keys of numbers that fit a field of a header, and the largest value of that field. */
const FIELDS: Readonly<Record<string, number>> = {
  port: 0xffff,
  seq: 0xffffffff,
  ack: 0xffffffff,
  // 65 535 shifted by 14 (RFC 7323 section 2.3).
  win: 0xffff << 14,
  max_window: 0xffff << 14,
  ttl: 255,
  mss: 0xffff,
  window_scale: 255,
  icmp_type: 255,
  icmp_code: 255,
}

interface Side {
  readonly packets: number
  readonly bytes: number
  readonly wire_bytes: number
  readonly unique_bytes: number
  readonly rexmt_packets: number
  readonly rtt_ms?: Record<'min' | 'avg' | 'max' | 'stddev' | 'samples', number>
  readonly [name: string]: unknown
}

interface Printed {
  readonly type: string
  readonly flow?: number
  readonly id?: number
  readonly packet?: number
  readonly packets?: number
  readonly flows?: number
  readonly start?: string
  readonly end?: string
  readonly duration_ms?: number
  readonly client?: Side
  readonly server?: Side
}

/** NDJSON of a run, the summary last: throws at whatever no capture can hold. */
export function checkOutput(text: string): void {
  const objects = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Printed)
  const summary = objects.at(-1)
  assert.equal(summary?.type, 'summary', 'the summary comes last')
  const ended = new Set<number>()
  for (const object of objects) {
    const told = JSON.stringify(object)
    assert.ok(validate(object), `${JSON.stringify(validate.errors)} in ${told}`)
    checkValues(object, told)
    for (const id of [object.flow, object.id])
      if (id !== undefined) assert.ok(id < summary.flows!, `no flow ${id}: ${told}`)
    if (object.packet !== undefined) assert.ok(object.packet >= 1 && object.packet <= summary.packets!, told)
    if (object.type !== 'flow') continue
    assert.ok(!ended.has(object.id!), `a second record: ${told}`)
    ended.add(object.id!)
    checkFlow(object, told)
  }
}

/** Every number and every address, however deep. */
function checkValues(value: unknown, told: string, key = ''): void {
  if (typeof value === 'number') {
    assert.ok(Number.isFinite(value), `${key}: ${told}`)
    const most = FIELDS[key]
    if (most !== undefined) assert.ok(value >= 0 && value <= most, `${key} ${value}: ${told}`)
    if (key.endsWith('_ms')) assert.ok(value >= 0, `${key} ${value}: ${told}`)
  } else if (typeof value === 'string') {
    if (key === 'addr') assert.ok(parseAddress(value) !== undefined, `${value}: ${told}`)
    if (['time', 'start', 'end', 'first', 'last'].includes(key)) assert.match(value, TIME, told)
  } else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) checkValues(part, told, name)
}

function checkFlow({ start, end, duration_ms, client, server }: Printed, told: string): void {
  assert.ok(Date.parse(start!) <= Date.parse(end!), `ends before it begins: ${told}`)
  assert.ok(duration_ms! >= 0, told)
  assert.ok(client!.packets + server!.packets > 0, `no packet: ${told}`)
  for (const side of [client!, server!]) {
    assert.ok(side.unique_bytes <= side.wire_bytes, `more bytes than were sent: ${told}`)
    for (const name of ['retransmissions', 'out_of_order', 'dup_acks', 'resets', 'keep_alives'])
      assert.ok(Number(side[name]) <= side.packets, `${name}: ${told}`)
    assert.ok(side.rexmt_packets <= side.packets, told)
    if (side.rtt_ms === undefined) continue
    const { min, avg, max, samples } = side.rtt_ms
    // The mean is a quotient: its last digit is rounded.
    assert.ok(min <= avg + 1e-6 && avg <= max + 1e-6, `rtt: ${told}`)
    assert.ok(samples > 0, told)
  }
}
