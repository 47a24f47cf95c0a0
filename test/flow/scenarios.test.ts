import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Cast, play, readScenario } from '../support/scenario.ts'

const FOLDER = join(import.meta.dirname, '../scenarios')

const V4: Cast = {
  C: { addr: '10.0.0.1', port: 40_000 },
  S: { addr: '10.0.0.2', port: 80 },
  R: { addr: '10.0.0.254', port: 0 },
}
/** The client has the upper address: both directions of every row change places. */
const SWAPPED: Cast = { C: { addr: '10.0.0.9', port: 40_000 }, S: V4.S, R: V4.R }
const V6: Cast = {
  C: { addr: '2001:db8::1', port: 40_000 },
  S: { addr: '2001:db8::2', port: 80 },
  R: { addr: '2001:db8::fe', port: 0 },
}

const names = readdirSync(FOLDER).filter((name) => name.endsWith('.md'))

for (const name of names) {
  test(`scenario ${name}`, () => {
    const path = join(FOLDER, name)
    const scenario = readScenario(path)
    const happened = play(scenario, V4)
    if (process.env['UPDATE_SCENARIOS'] === '1') update(path, happened)
    else assert.equal(happened, scenario.events)
  })

  test(`scenario ${name}: mirrored, the same happens`, () => {
    const scenario = readScenario(join(FOLDER, name))
    assert.equal(play(scenario, SWAPPED), play(scenario, V4))
  })

  test(`scenario ${name}: over IPv6, the same happens`, () => {
    const scenario = readScenario(join(FOLDER, name))
    // ICMP and ICMPv6 have different types and names.
    if (scenario.segments.includes('icmp')) return
    assert.equal(play(scenario, V6), play(scenario, V4))
  })
}

function update(path: string, events: string): void {
  const text = readFileSync(path, 'utf8')
    .replace(/^```events\n[\s\S]*?^```\n?/m, '')
    .trimEnd()
  writeFileSync(path, `${text}\n\n\`\`\`events\n${events}\`\`\`\n`)
}
