import { PacketBatch } from '../../../src/capture/batch.ts'
import { END } from '../../../src/capture/source.ts'
import { openRing } from '../../../src/host/capture/ring.ts'
import { Owners } from '../../../src/host/sockets/owners.ts'
import { Waiter } from '../../../src/host/wait.ts'
import type { ProcessRef } from '../../../src/process-ref.ts'
import { formatAddress } from '../../../src/wire/address.ts'
import { Frame } from '../../../src/wire/frame.ts'
import { KIND_TCP, PacketStack } from '../../../src/wire/stack.ts'
import { ACK, SYN } from '../../../src/wire/tcp-bits.ts'

/**
 * A program that watches the loopback device of its network namespace and asks for the owners of every
 * connection: at its SYN, and again at later packets while one is missing. `untraced` as its argument leaves
 * kernel events alone. Prints `ready`, runs until its standard input ends, prints the answers as one JSON line.
 */
interface Answer {
  readonly client: string
  readonly server: string
  readonly atSyn: { client?: ProcessRef; server?: ProcessRef }
  readonly later: { client?: ProcessRef; server?: ProcessRef }
}

export interface Answers {
  readonly answers: Answer[]
  readonly degraded: readonly string[]
  readonly losses: number
  /** Packets that found no room. */
  readonly dropped: number | undefined
  readonly milliseconds: { drain: number; find: number }
}

async function main(): Promise<void> {
  const waiter = new Waiter()
  const owners = new Owners({ waiter, tracepoints: process.argv[2] !== 'untraced' })
  const source = openRing({
    interfaces: ['lo'],
    filter: 'tcp',
    snaplen: 256,
    promiscuous: false,
    ringMib: 64,
    waiter,
  })
  const batch = new PacketBatch()
  const frame = new Frame()
  const stack = new PacketStack()
  const flows = new Map<string, Answer>()
  const spent = { drain: 0, find: 0 }
  const timed = <T>(what: keyof typeof spent, work: () => T): T => {
    const from = performance.now()
    const result = work()
    spent[what] += performance.now() - from
    return result
  }
  let ended = Number.POSITIVE_INFINITY
  process.stdin
    .on('end', () => {
      ended = performance.now()
    })
    .resume()
  process.stdout.write('ready\n')
  for (;;) {
    const count = await source.read(batch)
    if (count === END) break
    // Nothing unread is left behind: the kernel hands over a block 1 ms after its first packet.
    if (count === 0 && performance.now() - ended > 250) source.close()
    timed('drain', () => owners.drain())
    frame.rebind(batch.bytes, batch.view)
    for (let i = 0; i < count; i++) {
      frame.move(batch.start[i]!, batch.captured[i]!, batch.original[i]!)
      if (stack.walk(frame, source.interfaces[batch.iface[i]!]!.linkType) !== KIND_TCP) continue
      const from = { addr: formatAddress(stack.family, stack.source), port: stack.sourcePort }
      const to = { addr: formatAddress(stack.family, stack.destination), port: stack.destinationPort }
      const syn = (stack.tcp.flags & (SYN | ACK)) === SYN
      const forth = flows.get(`${from.addr} ${from.port} ${to.addr} ${to.port}`)
      const back = flows.get(`${to.addr} ${to.port} ${from.addr} ${from.port}`)
      if (!syn && forth === undefined && back === undefined) continue
      const [client, server] = syn || forth !== undefined ? [from, to] : [to, from]
      const time = BigInt(source.originSeconds) * 1_000_000_000n + BigInt(batch.time[i]!)
      let answer = syn ? undefined : (forth ?? back)
      const known = answer && { ...answer.atSyn, ...answer.later }
      const found: Answer['later'] = {}
      if (known?.client === undefined) {
        const process = timed('find', () => owners.find('tcp', client, server, 'client', time))
        if (process !== undefined) found.client = process
      }
      if (known?.server === undefined) {
        const process = timed('find', () => owners.find('tcp', server, client, 'server', time))
        if (process !== undefined) found.server = process
      }
      if (answer !== undefined) Object.assign(answer.later, found)
      else {
        answer = {
          client: `${client.addr} ${client.port}`,
          server: `${server.addr} ${server.port}`,
          atSyn: found,
          later: {},
        }
        flows.set(`${from.addr} ${from.port} ${to.addr} ${to.port}`, answer)
      }
    }
  }
  const { degraded, losses } = owners
  const dropped = source.counters().droppedKernel
  owners.close()
  waiter.close()
  const answers: Answers = { answers: [...flows.values()], degraded, losses, dropped, milliseconds: spent }
  process.stdout.write(`${JSON.stringify(answers)}\n`, () => process.exit(0))
}

await main()
