import { createSocket } from 'node:dgram'
import net from 'node:net'
import { join } from 'node:path'
import * as libc from '../../src/host/libc.ts'
import { HOSTS, PER_HOST, PORT } from './connections-plan.ts'

/**
 * The two programs of the connections lab; the first argument says which, the second is a folder for its unix socket. Each prints `ready` and stays until it
 * is killed. The packets that must be lost for a state to last are dropped by nftables (`connections-plan.ts`).
 */
const [, , role, folder] = process.argv
const unixPath = join(folder!, 'server.sock')
const ready = (): boolean => process.stdout.write('ready\n')

async function listen(port: number, host: string, accepted: (socket: net.Socket) => void): Promise<void> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    accepted(socket)
  })
  await new Promise<void>((done) => server.listen({ port, host, ipv6Only: host === '::1' }, done))
}

async function serve(): Promise<void> {
  const hold = (): void => {}
  const closeAfterPeer = (socket: net.Socket): void => {
    socket.on('end', () => socket.end()).resume()
  }
  for (const host of HOSTS) {
    await listen(PORT.established, host, hold)
    await listen(PORT.synRecv, host, hold)
    await listen(PORT.finWait1, host, hold)
    await listen(PORT.closeWait, host, hold)
    await listen(PORT.lastAck, host, closeAfterPeer)
    await listen(PORT.timeWait, host, closeAfterPeer)
  }
  await listen(PORT.dualStack, '::', hold)
  await new Promise<void>((done) => net.createServer(hold).listen(unixPath, done))
  for (const [type, host] of [
    ['udp4', HOSTS[0]],
    ['udp6', HOSTS[1]],
  ] as const) {
    const socket = createSocket(type)
    await new Promise<void>((done) => socket.bind(PORT.established, host, done))
  }
  // AF_INET, SOCK_RAW, ICMP
  libc.socket(2, 3, 1)
  ready()
}

/** Its process is stopped once it listens: what connects then waits in the accept queue. */
async function serveStopped(): Promise<void> {
  for (const host of HOSTS) await listen(PORT.acceptQueue, host, () => {})
  ready()
}

function open(port: number, host: string, then: (socket: net.Socket) => void = () => {}): Promise<unknown> {
  const socket = net.connect({ port, host, allowHalfOpen: true })
  socket.on('error', () => {})
  return new Promise<void>((done) =>
    socket.on('connect', () => {
      then(socket)
      done()
    }),
  )
}

async function connect(): Promise<void> {
  const end = (socket: net.Socket): void => {
    socket.resume().end()
  }
  const waits: Promise<unknown>[] = []
  for (const host of HOSTS)
    for (let n = 0; n < PER_HOST; n++) {
      waits.push(open(PORT.established, host))
      waits.push(open(PORT.acceptQueue, host))
      waits.push(open(PORT.synRecv, host))
      for (const port of [PORT.finWait1, PORT.closeWait, PORT.lastAck, PORT.timeWait])
        waits.push(open(port, host, end))
      void open(PORT.synSent, host)
    }
  waits.push(open(PORT.dualStack, HOSTS[0]), open(PORT.dualStack, HOSTS[1]))
  const unix = net.connect(unixPath)
  waits.push(new Promise<void>((done) => unix.on('connect', done)))
  const datagram = createSocket('udp4')
  waits.push(new Promise<void>((done) => datagram.connect(PORT.established, HOSTS[0], done)))
  await Promise.all(waits)
  ready()
}

await { server: serve, stopped: serveStopped, client: connect }[role!]!()
setInterval(() => {}, 60_000)
