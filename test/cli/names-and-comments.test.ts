import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { PcapngWriter } from '../../src/capture/pcapng-write.ts'
import { outputSchema } from '../../src/render/schema.ts'
import { concat, decodeFile } from '../capture/decoding.ts'
import { namesBlock } from '../support/names-block.ts'
import { ndjson, runCommand } from '../support/program.ts'
import { readCommand } from '../support/read-command.ts'
import { readScenario } from '../support/scenario.ts'
import { scenarioCapture } from '../support/scenario-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-names-'))
after(() => rmSync(folder, { recursive: true }))

const plain = scenarioCapture([readScenario('test/scenarios/plain.md').segments])
const LINK_RAW = 101

/** The plain connection again, with names before the packets, and comments by the packets' numbers. */
function annotated(
  names: Readonly<Record<string, string>>,
  comments: Readonly<Record<number, readonly string[]>> = {},
): Uint8Array {
  const { decoder, packets } = decodeFile(plain)
  const writer = new PcapngWriter('test')
  writer.originSeconds = decoder.originSeconds
  const section = writer.take().slice()
  const iface = writer.interface(undefined, LINK_RAW, 262_144)
  for (const [i, { bytes, original, time }] of packets.entries())
    writer.packet({
      iface,
      time,
      bytes: Uint8Array.from(bytes),
      start: 0,
      captured: bytes.length,
      original,
      comments: comments[i + 1] ?? [],
    })
  return concat(section, namesBlock(names), writer.take())
}

const NAMES = { '10.0.0.1': 'client.example', '10.0.0.2': 'evil\u001b[2J' }

/** What is read, in lines, without times. */
async function lines(args: readonly string[], bytes: Uint8Array): Promise<string[]> {
  const { stdout } = await readCommand([...args, '--time-format', 'epoch'], bytes)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\d+\.\d+ +/, ''))
}

test('-r: names of the file in place of addresses, safe for a terminal; none without -r', async () => {
  const file = annotated(NAMES)
  const [event] = await lines(['-r'], file)
  assert.match(event!, /^client\.example:40000 +→ evil\\e\[2J:http +\[S\]/)
  const [packet] = await lines(['-r', '--packets'], file)
  assert.match(packet!, /^IP client\.example\.40000 > evil\\e\[2J\.80: Flags \[S\]/)
  const [flow] = await lines(['-r', '--flows'], file)
  assert.match(flow!, /^tcp +client\.example:40000 +→ evil\\e\[2J:http +closed/)
  for (const what of ['--events', '--packets', '--flows'])
    assert.deepEqual(await lines([what], file), await lines([what], plain))
})

test('-r --json: endpoints have names, and follow the schema', async () => {
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
  const { stdout } = await readCommand(['-r', '--json', '--events', '--flows', '--packets'], annotated(NAMES))
  const objects = ndjson<{ type: string } & Record<string, { addr: string; name: string }>>(stdout)
  for (const object of objects) {
    assert.equal(validate(object), true, JSON.stringify(validate.errors))
    const ends =
      object.type === 'flow' ? [object['client'], object['server']] : [object['src'], object['dst']]
    if (object.type !== 'summary') for (const end of ends) assert.equal(end!.name, NAMES[end!.addr as never])
  }
  assert.deepEqual([...new Set(objects.map(({ type }) => type))].sort(), [
    'event',
    'flow',
    'packet',
    'summary',
  ])
})

test('-r over several files: the name that the first named file gives', async () => {
  const first = join(folder, 'first.pcapng')
  writeFileSync(first, annotated({ '10.0.0.2': 'first' }))
  const [line] = await lines(['-r', first], annotated({ '10.0.0.1': 'second', '10.0.0.2': 'second' }))
  assert.match(line!, /^second:40000 +→ first:http /)
})

const COMMENTS = { 1: ['curl[4021]', 'two\nlines'], 3: ['ü'] }

test('--packets shows the comments of packets', async () => {
  const file = annotated({}, COMMENTS)
  const shown = await lines(['--packets'], file)
  const bare = await lines(['--packets'], plain)
  assert.deepEqual(
    shown,
    bare.map((line, i) => line + ([' # curl[4021] # two\\nlines', '', ' # ü'][i] ?? '')),
  )
  const { stdout } = await readCommand(['--packets', '--json'], file)
  const objects = ndjson<{ type: string; comments?: readonly string[] }>(stdout)
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(outputSchema)
  for (const object of objects) assert.equal(validate(object), true, JSON.stringify(validate.errors))
  assert.deepEqual(
    objects.slice(0, 4).map(({ comments }) => comments),
    [COMMENTS[1], undefined, COMMENTS[3], undefined],
  )
})

test('-w keeps the comments of packets, over filters and several files too', async (context) => {
  const other = join(folder, 'other.pcapng')
  const out = join(folder, 'copy.pcapng')
  writeFileSync(other, annotated({}, { 2: ['of the other'] }))
  const filter = ['--filter', 'tcp[tcpflags] & tcp-syn != 0']
  const one = ['-w', out, '--summary', ...filter]
  await readCommand(one, annotated({}, COMMENTS))
  const copied = (): (readonly string[] | undefined)[] =>
    decodeFile(new Uint8Array(readFileSync(out))).packets.map(({ comments }) => comments)
  assert.deepEqual(copied(), [COMMENTS[1], undefined])
  await readCommand([...one, other], annotated({}, COMMENTS))
  assert.deepEqual(copied(), [undefined, COMMENTS[1], ['of the other'], undefined])
  const tshark = runCommand(['tshark', '-n', '-r', out, '-T', 'fields', '-e', 'frame.comment'])
  if (tshark.status !== 0) context.diagnostic('not compared: tshark is not installed')
  else assert.match(tshark.stdout, /^\ncurl\[4021\],two\\nlines\nof the other\n\n$/)
})
