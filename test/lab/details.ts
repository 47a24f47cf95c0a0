import net from 'node:net'
import * as libc from '../../src/host/libc.ts'

/** Sockets that stand still, for what the kernel tells of each: run in a namespace of its own, until killed. */
const address = (port: number): Uint8Array => {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 2, true)
  view.setUint16(2, port)
  view.setUint32(4, 0x7f000001)
  return bytes
}

const server = net.createServer((socket) => socket.pipe(socket))
await new Promise<void>((done) => server.listen(4100, '127.0.0.1', done))
for (const bytes of [1, 1000, 300_000]) {
  const client = net.connect(4100, '127.0.0.1')
  let echoed = 0
  await new Promise<void>((done) => {
    client.on('data', (data) => {
      echoed += data.length
      if (echoed === bytes) done()
    })
    client.write(Buffer.alloc(bytes, 'd'))
  })
}
// A TCP socket that is bound and nothing more; a packet socket of every protocol on loopback.
libc.bind(libc.socket(2, 1, 0), address(4101), 16)
const device = new Uint8Array(20)
new DataView(device.buffer).setUint16(0, 17, true)
new DataView(device.buffer).setUint16(2, 3)
new DataView(device.buffer).setInt32(4, 1, true)
libc.bind(libc.socket(17, 3, 0x0300), device, 20)
// IPPROTO_UDPLITE; IPPROTO_ICMP, a ping socket, where this group may have one.
libc.bind(libc.socket(2, 2, 136), address(4102), 16)
libc.bind(libc.socket(2, 2, 1), address(7), 16)
process.stdout.write('ready\n')
setInterval(() => {}, 60_000)
