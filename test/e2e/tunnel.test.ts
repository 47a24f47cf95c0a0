import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace } from '../support/namespace.ts'
import { ip } from '../support/own-network.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

const program = builtFile(repository)
const PORT = 7781
const BYTES = 300_000

const SERVER = `require('net').createServer((s) => s.resume().end(Buffer.alloc(${BYTES}, 'x')))
  .listen(${PORT}, () => console.log('ready'))`
const CLIENT = `require('net').connect(${PORT}, '10.9.1.2').resume().end().on('close', () => console.log('closed'))`

interface Flow {
  readonly type: string
  readonly conn_state: string
  readonly client: { readonly addr: string; readonly packets: number }
  readonly server: { readonly addr: string; readonly packets: number; readonly bytes: number }
}

function flowsOf(stdout: string): Flow[] {
  return ndjson<Flow>(stdout).filter(({ type }) => type === 'flow')
}

/** Two hosts, a wire that carries 1000 bytes at once, and a tunnel over it that takes 1400: its packets are cut. */
function connect(left: Namespace, right: Namespace): void {
  ip(`-n ${left.name} link add wire type veth peer name wire netns ${right.name}`)
  for (const [host, own, other] of [
    [left.name, 1, 2],
    [right.name, 2, 1],
  ] as const) {
    ip(`-n ${host} addr add 10.9.0.${own}/24 dev wire`)
    ip(`-n ${host} link set wire mtu 1000 up`)
    ip(`-n ${host} link add over type vxlan id 42 remote 10.9.0.${other} dstport 4789`)
    ip(`-n ${host} addr add 10.9.1.${own}/24 dev over`)
    ip(`-n ${host} link set over mtu 1400 up`)
  }
}

rootTest('a connection in a VXLAN tunnel whose packets are fragmented, live and from the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-tunnel-'))
  const [left, right] = [new Namespace('left'), new Namespace('right')]
  const started: Running[] = []
  const start = async (host: Namespace, command: readonly string[], ready: RegExp): Promise<Running> => {
    const running = new Running(host.inside(command))
    started.push(running)
    await running.until('it is ready', ({ stdout, stderr }) => ready.test(stdout + stderr))
    return running
  }
  try {
    connect(left, right)
    const file = join(folder, 'tunnel.pcapng')
    await start(right, [process.execPath, '-e', SERVER], /ready/)
    const tracing = [program, 'trace', '-i', 'wire', '--json', '-w', file]
    const trace = await start(left, tracing, /listening on/)
    await start(left, [process.execPath, '-e', CLIENT], /closed/)
    const closes = ({ stdout }: Running): boolean =>
      ndjson<{ event?: string; step?: number }>(stdout.slice(0, stdout.lastIndexOf('\n') + 1)).some(
        ({ event, step }) => event === 'close' && step === 4,
      )
    await trace.until('the connection is closed', closes)
    assert.equal(await trace.stop('SIGINT'), 0, trace.stderr)

    const count = (filter: string): number =>
      runCommand(['tshark', '-n', '-r', file, '-Y', filter]).stdout.split('\n').length - 1
    assert.ok(count('ip.flags.mf == 1') > 0, 'nothing was fragmented')
    const read = runCommand([program, 'read', '--flows', '--json', file])
    for (const stdout of [trace.stdout, read.stdout]) {
      const flows = flowsOf(stdout)
      assert.equal(flows.length, 1)
      const { client, server, conn_state } = flows[0]!
      assert.deepEqual([client.addr, server.addr, server.bytes], ['10.9.1.1', '10.9.1.2', BYTES])
      assert.equal(conn_state, 'SF')
      assert.equal(client.packets + server.packets, count('tcp'))
    }
  } finally {
    for (const running of started) await running.stop('SIGKILL')
    left.close()
    right.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
