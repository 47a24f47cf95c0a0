import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

const PORT = 7780
const CONNECTIONS = 20
/** How far apart two captures of one packet may be stamped, seconds. */
const STAMP_TOLERANCE = 0.001

const program = builtFile(repository)

interface Line {
  readonly [key: string]: unknown
  readonly type: string
}

/** What a run says of the connections, whatever captured them: no times, interfaces, frame numbers or processes. */
function story(stdout: string): string[] {
  const timed = new Set([
    'time',
    'ts',
    'start',
    'end',
    'packet',
    'iface',
    'process',
    'kernel_state',
    'duration_ms',
    'handshake',
  ])
  const told = ndjson<Line>(stdout)
    .filter(({ type }) => type === 'event' || type === 'flow')
    .map((line) =>
      JSON.stringify(line, (key, value) =>
        timed.has(key) || key.endsWith('_ms') ? undefined : key === 'text' ? plain(String(value)) : value,
      ),
    )
  return told.sort()
}

/** A sentence without the times in it. */
function plain(text: string): string {
  return text.replaceAll(/\d+(\.\d+)? m?s\b/g, 'TIME')
}

/** Stamp and bytes of each packet of a file, as tshark reads it; its warnings fail the test. */
function packetsOf(file: string): { stamp: number; sum: string }[] {
  const fields = [
    '-e',
    'frame.time_epoch',
    '-e',
    'frame.len',
    '-e',
    'ip.id',
    '-e',
    'tcp.seq_raw',
    '-e',
    'tcp.flags',
  ]
  const command = [
    'tshark',
    '-n',
    '-r',
    file,
    '-o',
    'tcp.analyze_sequence_numbers:FALSE',
    '-T',
    'fields',
    ...fields,
  ]
  const { status, stdout, stderr } = runCommand(command)
  assert.equal(status, 0, stderr)
  assert.doesNotMatch(stderr, /warn|cut short|damaged/i)
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [stamp, ...rest] = line.split('\t')
      return { stamp: Number(stamp), sum: rest.join(' ') }
    })
}

rootTest('ring, cap and a file of tcpdump tell the same story of the same packets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-beside-'))
  const namespace = new Namespace('beside')
  const started: Running[] = []
  const start = async (command: readonly string[], ready: RegExp): Promise<Running> => {
    const running = new Running(namespace.inside(command))
    started.push(running)
    await running.until('it is ready', ({ stdout, stderr }) => ready.test(stdout + stderr))
    return running
  }
  try {
    const dumped = join(folder, 'tcpdump.pcap')
    const written = join(folder, 'socktrace.pcapng')
    const filter = ['tcp', 'port', `${PORT}`]
    await start([process.execPath, 'test/e2e/peer.mjs', 'server', `${PORT}`], /ready/)
    const tracing = [program, 'trace', '-i', 'lo', '-B', '64', '--json']
    const ring = await start([...tracing, '--engine', 'ring', '-w', written, ...filter], /listening on/)
    const cap = await start([...tracing, '--engine', 'cap', ...filter], /listening on/)
    const tcpdump = await start(
      [
        'tcpdump',
        '-i',
        'lo',
        '--nano',
        '-U',
        '--immediate-mode',
        '-B',
        '65536',
        '-w',
        dumped,
        '-Z',
        'root',
        ...filter,
      ],
      /listening on/,
    )
    const clients = Array.from(
      { length: CONNECTIONS },
      () => new Running(namespace.inside([process.execPath, 'test/e2e/peer.mjs', 'client', `${PORT}`])),
    )
    for (const client of clients) assert.equal(await client.ended(), 0, client.stderr)
    for (const live of [ring, cap])
      await live.until('every connection is closed', ({ stdout }) => closes(stdout) === CONNECTIONS)
    for (const live of [ring, cap]) assert.equal(await live.stop('SIGINT'), 0, live.stderr)
    const expected = packetsOf(written).length
    for (let tries = 0; packetsOf(dumped).length < expected && tries < 50; tries++) await sleep(50)
    assert.equal(await tcpdump.stop('SIGINT'), 0, tcpdump.stderr)

    const read = runCommand([program, 'read', '--json', dumped])
    assert.equal(read.status, 0, read.stderr)
    const told = story(read.stdout)
    sameStory(story(ring.stdout), told, 'the ring and the file')
    sameStory(withoutOrder(story(cap.stdout)), withoutOrder(told), 'cap and the file')

    const theirs = packetsOf(dumped)
    const ours = packetsOf(written)
    assert.deepEqual(
      ours.map(({ sum }) => sum),
      theirs.map(({ sum }) => sum),
    )
    for (const [index, { stamp }] of ours.entries())
      assert.ok(Math.abs(stamp - theirs[index]!.stamp) <= STAMP_TOLERANCE, `packet ${index + 1}`)
  } finally {
    for (const running of started) await running.stop('SIGKILL')
    namespace.close()
    rmSync(folder, { recursive: true })
  }
})

/** What only one of two stories has, and nothing else, is shown when they differ. */
function sameStory(ours: readonly string[], theirs: readonly string[], who: string): void {
  const only = (these: readonly string[], those: readonly string[]): string[] => {
    const known = new Set(those)
    return these.filter((line) => !known.has(line))
  }
  assert.deepEqual(only(ours, theirs), [], `${who}: only the first has`)
  assert.deepEqual(only(theirs, ours), [], `${who}: only the second has`)
  assert.equal(ours.length, theirs.length, who)
}

function closes(stdout: string): number {
  return ndjson<Line>(stdout.slice(0, stdout.lastIndexOf('\n') + 1)).filter(
    ({ event, step }) => event === 'close' && step === 4,
  ).length
}

/** Two sources may see two connections begin in another order: their serials are no part of the story. */
function withoutOrder(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/"(flow|id)":\d+/, '"$1":0')).sort()
}
