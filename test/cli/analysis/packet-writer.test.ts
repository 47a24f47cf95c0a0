import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HeldPackets } from '../../../src/cli/analysis/held-packets.ts'
import { decodeFile } from '../../capture/decoding.ts'
import { readCommand } from '../../support/read-command.ts'
import { readScenario } from '../../support/scenario.ts'
import { scenarioCapture } from '../../support/scenario-capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-writer-'))
after(() => rmSync(folder, { recursive: true }))

/** Comments by the packets' numbers in the file that `read -w` makes of it, which is the same but for them. */
async function comments(capture: Uint8Array): Promise<Record<number, readonly string[]>> {
  const out = join(folder, 'out.pcapng')
  await readCommand(['--summary', '-w', out], capture)
  const [before, written] = [capture, Uint8Array.from(readFileSync(out))].map(
    (bytes) => decodeFile(bytes).packets,
  )
  assert.deepEqual(
    written!.map(({ comments: _, ...packet }) => packet),
    before,
  )
  return Object.fromEntries(written!.flatMap(({ comments }, i) => (comments ? [[i + 1, comments]] : [])))
}

const scenario = (name: string) => readScenario(`test/scenarios/${name}.md`).segments

test('-w: a verdict is a comment on the packet that it rests on, among others that go well', async () => {
  const found = await comments(scenarioCapture([scenario('plain'), scenario('refused'), scenario('plain')]))
  const [number] = Object.keys(found)
  assert.deepEqual(found, {
    [number!]: [
      'refused.reset (certain): 10.0.0.2:80 answered the SYN with RST; why can be seen only on the host that answered.',
    ],
  })
  const { packets } = decodeFile(scenarioCapture([scenario('plain')]))
  assert.equal(Number(number), packets.length + 2)
})

test('-w: an attempt that goes on has its verdict so far on the third SYN, the final one on the last', async () => {
  const found = await comments(scenarioCapture([scenario('syn-retransmissions')]))
  assert.deepEqual(Object.keys(found), ['3', '11'])
  assert.match(found[11]![0]!, /^timeout\.no-answer \(certain\): 11 SYNs /)
  assert.match(
    found[3]![0]!,
    /^timeout\.no-answer \(certain, so far\): 3 SYNs of the client to 10\.0\.0\.2:80 got/,
  )
})

test('-w: a verdict that time alone brings stands with the next packet of its flow', async () => {
  const closed = `
0.000000 C > S [S] seq=100 win=64240
0.000025 S > C [S.] seq=500 ack=101 win=65160
0.000036 C > S [.] seq=101 ack=501 win=502
0.001000 C > S [P.] seq=101 ack=501 win=502 len=1000
0.001020 S > C [.] seq=501 ack=1101 win=0
3.000000 C > S [.] seq=1100 ack=501 win=502
3.000020 S > C [.] seq=501 ack=1101 win=0
8.000000 C > S [.] seq=1100 ack=501 win=502
8.000020 S > C [.] seq=501 ack=1101 win=0
`
  const found = await comments(scenarioCapture([closed]))
  const [[number, texts]] = Object.entries(found) as [[string, string[]]]
  assert.match(texts[0]!, /^stalled\.zero-window \(certain, so far\): /)
  assert.equal(number, '8')
})

test('packets wait in order behind one whose verdict is about to come, and for no more than room allows', () => {
  const pending = new Set([7])
  const held = new HeldPackets((_row, flow) => pending.has(flow))
  const given: [number, readonly string[]][] = []
  const packet = (captured: number) => ({
    iface: 0,
    time: captured,
    bytes: new Uint8Array(captured),
    start: 0,
    captured,
    original: captured,
  })
  const release = (all = false) =>
    held.release(({ time, comments = [] }) => given.push([time, comments]), all)
  assert.equal(held.take(packet(1), 0, 1), false)
  assert.equal(held.take(packet(2), 0, 7), true)
  assert.equal(held.take(packet(3), 0, 1), true, 'behind one that waits')
  release()
  assert.deepEqual(given, [])
  assert.equal(held.comment(7, 'why'), true)
  assert.equal(held.comment(9, 'nobody'), false)
  pending.clear()
  release()
  assert.deepEqual(given, [
    [2, ['why']],
    [3, []],
  ])
  pending.add(7)
  held.take(packet(9 << 20), 0, 7)
  held.take(packet(4), 0, 7)
  release()
  assert.deepEqual(given.slice(2), [[9 << 20, []]], 'too much to hold')
  release(true)
  assert.deepEqual(given.slice(3), [[4, []]])
})
