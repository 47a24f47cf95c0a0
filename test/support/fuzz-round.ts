import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import { PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { captureFiles } from './corpora.ts'
import { damage, mistake, mulberry32, type Random } from './damage.ts'
import { checkOutput } from './plausible.ts'
import { readCommand } from './read-command.ts'
import { readScenario } from './scenario.ts'
import { scenarioCapture } from './scenario-capture.ts'

/** Of a capture that is longer only the beginning is damaged and read. */
const MAX_BYTES = 64 * 1024
const MAX_PACKETS = 300

/** What is read with, beside the run whose values are checked: every way in which bytes become something else. */
const MODES: readonly (readonly string[])[] = [
  [],
  ['--packets'],
  ['--packets', '--json'],
  ['--flows'],
  ['--failures'],
  ['--stats'],
  ['--stats', '--json'],
  ['--ladder'],
  ['--ladder', '--as', 'svg'],
  ['--ladder', '--as', 'mermaid'],
  ['--follow', '0'],
  ['--follow', '0', '--hex'],
  ['--follow', '1', '--json'],
  ['--extract'],
  ['--format', 'zeek'],
  ['--format', 'eve'],
  ['-w'],
]

export interface Round {
  /** The arguments it was read with last, and the bytes that were read. */
  args: readonly string[]
  bytes: Uint8Array
}

export interface Capture {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What is damaged: the public captures, or without them one of every scenario. */
export function fuzzCaptures(folder: string | undefined): Capture[] {
  if (folder === undefined)
    return readdirSync('test/scenarios').map((name) => ({
      name,
      bytes: scenarioCapture([readScenario(join('test/scenarios', name)).segments]),
    }))
  return captureFiles(folder).flatMap((name) => {
    const stored = readFileSync(name)
    const bytes = sniffCapture(stored) === 'gzip' ? gunzipSync(stored) : stored
    const format = sniffCapture(bytes)
    return format === 'pcap' || format === 'pcapng'
      ? [{ name, bytes: new Uint8Array(bytes.subarray(0, MAX_BYTES)) }]
      : []
  })
}

/**
 * One damaged capture through the whole of `read`: throws where it does, and where what it says is impossible.
 * The same seed and number are the same round. `told` learns what was read and how.
 */
export async function fuzzRound(
  captures: readonly Capture[],
  seed: number,
  number: number,
  told: (round: Round) => void,
): Promise<void> {
  const random = mulberry32(Math.imul(seed, 0x9e3779b1) ^ number)
  const { bytes: whole } = captures[random(captures.length)]!
  const damaged = random(2) === 0 ? damageFile(whole, random) : damagePackets(whole, random)
  const bytes = random(12) === 0 ? damageFile(new Uint8Array(gzipSync(damaged)), random) : damaged
  const common = ['--max-flows', `${random(3) === 0 ? 1 + random(8) : 1_000_000}`]
  const checked = ['--json', '--events', '--flows', '--failures', '--summary', '--proto', 'all', ...common]
  told({ args: checked, bytes })
  const output = await read(checked, bytes)
  if (output !== undefined) checkOutput(output)
  if (random(2) === 0) {
    // Who asks for packets gets each through all stages: the rest is what it is with the short cut.
    const args = [...checked, '--packets']
    told({ args, bytes })
    assert.equal(withoutPackets(await read(args, bytes)), output)
  }
  const mode = [...MODES[random(MODES.length)]!]
  const policy = ['first', 'last', 'bsd', 'windows', 'linux', 'solaris'][random(6)]!
  if (mode[0] === '--follow' || mode[0] === '--extract') mode.push('--overlap', policy)
  if (random(4) === 0 && mode[0] !== '--follow') mode.push('--resolve')
  const args = [...mode, ...common]
  told({ args, bytes })
  await read(args, bytes)
}

/** What `read` printed; `undefined` when it refused, with a sentence for the user: that is no failure. */
async function read(args: readonly string[], bytes: Uint8Array): Promise<string | undefined> {
  const output = mkdtempSync(join(tmpdir(), 'socktrace-fuzz-'))
  const [mode, ...rest] = args
  const named = mode === '--extract' || mode === '-w' ? [mode, join(output, 'made'), ...rest] : args
  try {
    return (await readCommand(named, bytes)).stdout
  } catch (error) {
    if (error instanceof Error && error.name === 'UserError') return undefined
    throw error
  } finally {
    rmSync(output, { recursive: true })
  }
}

function withoutPackets(output: string | undefined): string | undefined {
  return output?.replaceAll(/^\{"type":"packet".*\n/gm, '')
}

/** Mistakes anywhere in the file: in what frames the packets too. */
function damageFile(whole: Uint8Array, random: Random): Uint8Array {
  const bytes = whole.slice(0, random(4) === 0 ? random(whole.length + 1) : whole.length)
  for (let mistakes = 1 + random(24); mistakes > 0 && bytes.length > 0; mistakes--)
    mistake(bytes, random(bytes.length), random)
  return bytes
}

/** Packets lost, repeated, exchanged, cut, delayed and damaged, in a file that is whole. */
function damagePackets(whole: Uint8Array, random: Random): Uint8Array {
  const format = sniffCapture(whole)
  const decoder = openDecoder(format === 'pcap' ? 'pcap' : 'pcapng')
  const batch = new PacketBatch()
  const bytes = whole.slice()
  const view = new DataView(bytes.buffer)
  batch.reset(bytes, view)
  decoder.decode(bytes, view, 0, bytes.length, batch)
  const rows = Array.from({ length: Math.min(batch.count, MAX_PACKETS) }, (_, row) => row)
  for (let changes = random(6); changes > 0 && rows.length > 0; changes--) {
    const at = random(rows.length)
    const to = Math.min(rows.length - 1, at + random(4))
    if (random(3) === 0) rows.splice(at, 1)
    else if (random(2) === 0) rows.splice(to, 0, rows[at]!)
    else [rows[at], rows[to]] = [rows[to]!, rows[at]!]
  }
  const file = new PcapngWriter('fuzz')
  file.originSeconds = decoder.originSeconds
  const interfaces = decoder.interfaces.map(({ linkType }) => file.interface(undefined, linkType, 262_144))
  let late = 0
  for (const row of rows) {
    const start = batch.start[row]!
    const packet = bytes.subarray(start, start + batch.captured[row]!)
    const sent = random(5) === 0 ? damage(packet, random) : packet
    if (random(20) === 0) late += [1e3, 1e9, 300e9, -1e9][random(4)]!
    const time = Math.max(0, batch.time[row]! + late)
    const original = Math.max(sent.length, batch.original[row]!)
    const iface = interfaces[batch.iface[row]!]!
    file.packet({ iface, time, bytes: sent, start: 0, captured: sent.length, original })
  }
  return file.take().slice()
}
