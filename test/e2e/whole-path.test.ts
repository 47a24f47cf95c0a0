import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, Running, runCommand, WAYS, type Way } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

const PORT = 7777

interface Endpoint {
  addr: string
  port: number
}

interface Line {
  type: string
  event?: string
  step?: number
  of?: number
  combined?: true
  src?: Endpoint
  dst?: Endpoint
  seq?: number
  text?: string
  state?: string
  local?: Endpoint
  processes?: { pid: number; comm: string; fd: number }[]
  process?: { pid?: number; client?: { pid: number; attribution: string }; server?: { pid: number } }
  conn_state?: string
  history?: string
  outcome?: string
  client?: Endpoint
  server?: Endpoint
  teardown?: { kind: string; initiator: string }
  handshake?: { complete: boolean }
  engine?: string
  packets?: number
  flows?: number
  dropped_kernel?: number
}

for (const way of WAYS)
  rootTest(`list, trace, write and read: ${way.name}`, async () => {
    const program = builtFile(way)
    const folder = mkdtempSync(join(tmpdir(), 'socktrace-e2e-'))
    const namespace = new Namespace('e2e')
    const server = new Running(namespace.inside([process.execPath, 'test/e2e/peer.mjs', 'server', `${PORT}`]))
    try {
      await server.until('it listens', ({ stdout }) => stdout.includes('ready'))
      listsTheListener(namespace, program, server.pid)
      const saved = join(folder, 'saved.pcapng')
      const { lines, client } = await traceOneConnection(namespace, way, saved)
      annotatesTheConnection(lines, client, server.pid, way)
      readsTheSame(program, saved, lines)
    } finally {
      await server.stop('SIGKILL')
      namespace.close()
      rmSync(folder, { recursive: true })
    }
  })

function listsTheListener(namespace: Namespace, program: string, pid: number): void {
  const { status, stdout, stderr } = runCommand(namespace.inside([program, 'list', '-t', '-l', '--json']))
  assert.equal(status, 0, stderr)
  const listeners = ndjson<Line>(stdout).filter(({ local }) => local?.port === PORT)
  assert.equal(listeners.length, 1, stdout)
  const [{ type, state, local, processes } = { type: '' }] = listeners
  assert.deepEqual([type, state, local?.addr], ['socket', 'LISTEN', '127.0.0.1'])
  assert.deepEqual(
    processes?.map((process) => process.pid),
    [pid],
  )
}

async function traceOneConnection(
  namespace: Namespace,
  { file, engine }: Way,
  saved: string,
): Promise<{ lines: Line[]; client: { pid: number; port: number } }> {
  const options = ['-i', 'lo', '--json', '--engine', engine, '-w', saved, 'tcp', 'port', `${PORT}`]
  const trace = new Running(namespace.inside([file, 'trace', ...options]))
  await trace.until('it captures', ({ stderr }) => stderr.includes('listening on'))
  const client = new Running(namespace.inside([process.execPath, 'test/e2e/peer.mjs', 'client', `${PORT}`]))
  assert.equal(await client.ended(), 0, client.stderr)
  await trace.until('close 4/4', ({ stdout }) => /"event":"close"[^\n]*"step":4/.test(stdout))
  assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)
  return { lines: ndjson<Line>(trace.stdout), client: JSON.parse(client.stdout) }
}

function annotatesTheConnection(
  lines: readonly Line[],
  client: { pid: number; port: number },
  serverPid: number,
  way: Way,
): void {
  const steps = (event: string): string[] =>
    lines
      .filter((line) => line.event === event)
      .map(({ step, of, src }) => `${step}/${of} ${src?.port === PORT ? 'server' : 'client'}`)
  assert.deepEqual(steps('handshake'), ['1/3 client', '2/3 server', '3/3 client'])
  assert.deepEqual(steps('close'), ['1/4 client', '2/4 server', '3/4 server', '4/4 client'])

  const flows = lines.filter(({ type }) => type === 'flow')
  assert.equal(flows.length, 1)
  const flow = flows[0]!
  assert.deepEqual(
    [flow.client?.port, flow.server?.port, flow.conn_state, flow.outcome, flow.teardown?.kind],
    [client.port, PORT, 'SF', 'closed', 'four_way'],
  )
  assert.equal(flow.teardown?.initiator, 'client')
  assert.equal(flow.handshake?.complete, true)
  assert.equal(flow.process?.client?.pid, client.pid)
  assert.equal(flow.process?.server?.pid, serverPid)
  // The sender of every event is named, and named right.
  for (const { event, src, process } of lines.filter(({ type }) => type === 'event'))
    if (process !== undefined)
      assert.equal(process.pid, src?.port === PORT ? serverPid : client.pid, `process of ${event}`)

  const summary = lines.at(-1)!
  assert.deepEqual(
    [summary.type, summary.engine, summary.flows, summary.dropped_kernel ?? 0],
    ['summary', way.engine, 1, 0],
  )
  // 3 of the handshake, 2 with data and their acknowledgements, 4 of the close; acknowledgements may ride along.
  assert.ok(summary.packets! >= 9 && summary.packets! <= 11, `${summary.packets} packets`)
}

/** The file that was written while tracing tells the same story; only who owned the sockets is not in it. */
function readsTheSame(program: string, saved: string, traced: readonly Line[]): void {
  const { status, stdout, stderr } = runCommand([program, 'read', '--json', saved])
  assert.equal(status, 0, stderr)
  const read = ndjson<Line>(stdout)
  const told = (lines: readonly Line[]) =>
    lines
      .filter(({ type }) => type === 'event' || type === 'flow')
      .map(({ type, event, step, src, seq, text, conn_state, history, outcome }) =>
        JSON.stringify({ type, event, step, src, seq, text, conn_state, history, outcome }),
      )
  assert.deepEqual(told(read), told(traced))
  assert.equal(read.at(-1)?.engine, 'file')
  assert.equal(read.at(-1)?.packets, traced.at(-1)?.packets)
  const { status: tsharkStatus, stderr: warnings } = runCommand(['tshark', '-n', '-r', saved, '-q'])
  assert.equal(tsharkStatus, 0, warnings)
  assert.doesNotMatch(warnings, /warn|cut short|damaged/i)
}
