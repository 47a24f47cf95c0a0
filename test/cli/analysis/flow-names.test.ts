import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PcapngWriter } from '../../../src/capture/pcapng-write.ts'
import { Ipv4Header } from '../../../src/wire/ipv4.ts'
import { TcpHeader } from '../../../src/wire/tcp.ts'
import { ACK, PSH, SYN } from '../../../src/wire/tcp-bits.ts'
import { UdpHeader } from '../../../src/wire/udp.ts'
import { concat, name, pointer, record, response } from '../../support/dns-message.ts'
import { ndjson } from '../../support/program.ts'
import { readCommand } from '../../support/read-command.ts'

const LINK_RAW = 101
const [CLIENT, SERVER, RESOLVER] = [0x0a00_0001, 0x0a00_0002, 0x0a00_0035]

function ip(protocol: number, source: number, destination: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(20)
  const totalLength = 20 + payload.length
  Ipv4Header.emit(new DataView(header.buffer), 0, { totalLength, protocol, source, destination })
  return concat(header, payload)
}

function tcp(ports: [number, number], flags: number, sequence: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(20)
  const [sourcePort, destinationPort] = ports
  TcpHeader.emit(new DataView(header.buffer), 0, {
    sourcePort,
    destinationPort,
    sequence,
    acknowledgement: flags & ACK ? 1 : 0,
    flags,
    window: 1000,
  })
  return concat(header, payload)
}

/** Between the client's port 5353 and the resolver, from the client unless `isAnswer`. */
function overUdp(message: Uint8Array, isAnswer: boolean): Uint8Array {
  const header = new Uint8Array(8)
  const length = 8 + message.length
  const [sourcePort, destinationPort] = isAnswer ? [53, 5353] : [5353, 53]
  UdpHeader.emit(new DataView(header.buffer), 0, { sourcePort, destinationPort, length })
  return between(17, isAnswer, concat(header, message))
}

function overTcp(message: Uint8Array, isAnswer: boolean): Uint8Array {
  const framed = concat([0, message.length], message)
  return between(6, isAnswer, tcp(isAnswer ? [53, 5353] : [5353, 53], ACK | PSH, 1, framed))
}

function between(protocol: number, isAnswer: boolean, payload: Uint8Array): Uint8Array {
  return isAnswer ? ip(protocol, RESOLVER, CLIENT, payload) : ip(protocol, CLIENT, RESOLVER, payload)
}

/** The query and its answer. */
function asked(host: string, over = overUdp): Uint8Array[] {
  return [over(response(host, { flags: 0x0100 }), false), over(answer(host), true)]
}

function syn(port: number): Uint8Array {
  return ip(6, CLIENT, SERVER, tcp([port, 443], SYN, 1000, new Uint8Array()))
}

/** `host`, an alias of another name, has the server's address. */
function answer(host: string, id = 0x1234): Uint8Array {
  const target = name('edge.example')
  return response(host, {
    id,
    answers: [record(pointer(12), 5, 60, target), record(target, 1, 60, [10, 0, 0, 2])],
  })
}

/** Packets a millisecond apart. */
function capture(packets: readonly Uint8Array[]): Uint8Array {
  const file = new PcapngWriter('test')
  file.originSeconds = 1_700_000_000
  const iface = file.interface('eth0', LINK_RAW, 65_535)
  for (const [i, bytes] of packets.entries())
    file.packet({ iface, time: i * 1e6, bytes, start: 0, captured: bytes.length, original: bytes.length })
  return file.take().slice()
}

interface Named {
  readonly type: string
  readonly id?: number
  readonly flow?: number
  readonly dst?: { readonly name?: string }
  readonly src?: { readonly name?: string }
  readonly client?: { readonly name?: string }
  readonly server?: { readonly name?: string }
}

async function read(packets: readonly Uint8Array[], args: readonly string[] = []): Promise<Named[]> {
  const { stdout } = await readCommand(['--json', ...args], capture(packets))
  return ndjson<Named>(stdout)
}

for (const [way, over] of [
  ['UDP', overUdp],
  ['TCP', overTcp],
] as const)
  test(`a server has the name that it was asked for by, over ${way}; its client has none`, async () => {
    const objects = await read([...asked('shop.example', over), syn(40_000)])
    const event = objects.find(({ type, dst }) => type === 'event' && dst?.name !== undefined)
    assert.equal(event?.dst?.name, 'shop.example')
    assert.equal(event?.src?.name, undefined)
    const flow = objects.find(({ type, server }) => type === 'flow' && server?.name !== undefined)
    assert.equal(flow?.server?.name, 'shop.example')
    assert.equal(flow?.client?.name, undefined)
    const packets = await read([...asked('shop.example', over), syn(40_000)], ['--packets'])
    assert.equal(packets.at(-2)?.dst?.name, 'shop.example')
  })

test('a connection keeps its name when another site on the same address is asked for', async () => {
  const packets = [...asked('one.example'), syn(40_000), ...asked('two.example'), syn(40_000), syn(40_001)]
  const objects = await read(packets)
  assert.deepEqual(
    objects.flatMap(({ type, flow, dst }) => (type === 'event' ? [[flow, dst?.name]] : [])),
    [
      [0, 'one.example'],
      [0, 'one.example'],
      [1, 'two.example'],
    ],
  )
  assert.deepEqual(
    objects.flatMap(({ type, server }) => (type === 'flow' ? [server?.name] : [])),
    ['one.example', 'two.example'],
  )
})

test('text is in numbers; -r gives names, safe for a terminal', async () => {
  const file = capture([...asked('evil\u001b[2J'), syn(40_000)])
  assert.match((await readCommand([], file)).stdout, / → 10\.0\.0\.2:443 /)
  assert.match((await readCommand(['-r'], file)).stdout, / → evil\\027\[2J:https /)
})

const query = overUdp(response('shop.example', { flags: 0x0100 }), false)
const truth = overUdp(answer('shop.example'), true)
for (const [what, packets, expected] of [
  ['that nobody asked for', [truth], undefined],
  ['with another id than the query', [query, overUdp(answer('shop.example', 7), true)], undefined],
  ['to another question', [query, overUdp(answer('bank.example'), true)], undefined],
  ['over another transport', [query, overTcp(answer('shop.example'), true)], undefined],
  ['before its query', [truth, query], undefined],
  ['in another case', [query, overUdp(answer('Shop.EXAMPLE'), true)], 'Shop.EXAMPLE'],
  ['behind a forged one', [query, overUdp(answer('shop.example', 7), true), truth], 'shop.example'],
] as const)
  test(`an answer ${what}: ${expected ?? 'no name'}`, async () => {
    const objects = await read([...packets, syn(40_000)])
    assert.equal(objects.find(({ type, server }) => type === 'flow' && server)?.server?.name, expected)
  })
