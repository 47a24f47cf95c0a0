import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, connect as tcpConnect } from 'node:net'
import { unshare } from '../../src/host/libc.ts'
import { runCommand } from './program.ts'

const CLONE_NEWNET = 0x4000_0000

/**
 * Moves this test file's process into a network namespace of its own with nothing but loopback: no foreign
 * packet, and nothing to clean up, as the kernel removes it with the process. Programs it starts are in it too.
 */
export function enterOwnNetwork(): void {
  if (unshare(CLONE_NEWNET) === -1) throw new Error('cannot unshare the network namespace')
  ip('link set lo up')
}

/** `ip ARGUMENTS…`; throws with what it said. */
export function ip(command: string): string {
  const { status, stdout, stderr } = runCommand(['ip', ...command.split(' ')])
  if (status !== 0) throw new Error(`ip ${command}: ${stderr.trim()}`)
  return stdout
}

/** One whole TCP connection to `address`: `bytes` go to the server, which closes when it has them all. */
export async function tcpExchange(address: string, bytes: number): Promise<number> {
  const server = createServer((socket) => socket.resume().on('end', () => socket.end()))
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = tcpConnect(port, address)
  client.resume().end(Buffer.alloc(bytes, 'x'))
  await once(client, 'close')
  server.close()
  await once(server, 'close')
  return port
}

/** Sends `count` datagrams of `bytes` bytes to a port of `address` where nobody listens. */
export async function sendDatagrams(
  address: string,
  port: number,
  count: number,
  bytes: number,
): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const payload = Buffer.alloc(bytes, 'u')
  for (let i = 0; i < count; i++)
    await new Promise<void>((resolve) => socket.send(payload, port, address, () => resolve()))
  socket.close()
}
